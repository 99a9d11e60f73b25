package models

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"strings"

	"dorado/strictyaml"
	"dorado/warehouse"
)

// catalogComponentsHeader is the header of core.catalog_components.
const catalogComponentsHeader = `One row per component that a repository's catalog-info.yaml describes, as Backstage defines it.

Other kinds of entities are left out. A file that is no YAML, and a component
without a name, is one row that says so.

repository            owner/name of the repository that the file is in.
position              The entity's place in the file, from 1.
component             Its name; NULL where there is a problem.
component_type        Its type: service, website, library, …; NULL where the file does not say.
owner                 Who owns it, without the kind and the namespace in front; NULL where it is no group.
system                The system that it is part of; NULL where the file does not say.
project_slug          owner/name that github.com/project-slug names; NULL where it does not.
pagerduty_service_id  What pagerduty.com/service-id says; NULL where it does not.
has_pagerduty_key     True where pagerduty.com/integration-key is there, which does not tell the service.
problem               What is wrong with it; NULL where nothing is.

key: repository, position`

// codeOwnersHeader is the header of core.code_owners.
const codeOwnersHeader = `One row per line of a repository's CODEOWNERS that names a team.

Of the files that a repository has, the one that GitHub heeds. The last line whose
pattern matches a path decides who owns it; lines that name people only are here
too, without a team, because they take a path away from an earlier line.

repository  owner/name.
line        The line in the file.
pattern     The pattern, as it is written.
path        The folder or file that the pattern stands for, / where it matches everything; NULL for a
  pattern that is not about one place.
team        The slug of the first team that it names; NULL where it names none.

key: repository, line`

// ownerSteps returns the models that read the files by which a repository says
// whose it is. SQL has no YAML, and no CODEOWNERS.
func ownerSteps() []*Model {
	reads := []warehouse.Reference{{Schema: Staging, Name: "github_owner_files"}}
	return []*Model{
		step(Core, "catalog_components", "models/owners.go", catalogComponentsHeader,
			"repository varchar, position bigint, component varchar, component_type varchar, owner varchar, system varchar, "+
				"project_slug varchar, pagerduty_service_id varchar, has_pagerduty_key boolean, problem varchar",
			reads, fillFromFiles("catalog_components", "path = 'catalog-info.yaml'", catalogRows)),
		step(Core, "code_owners", "models/owners.go", codeOwnersHeader,
			"repository varchar, line bigint, pattern varchar, path varchar, team varchar",
			reads, fillFromFiles("code_owners", "path like '%CODEOWNERS'", codeOwnersRows)),
	}
}

// fillFromFiles fills a table with the rows that parse makes of each repository's
// file; where it has several of those that condition selects, of the first that
// GitHub heeds.
func fillFromFiles(table, condition string, parse func(content string) [][]any) fillFunc {
	return func(ctx context.Context, db *warehouse.Database) error {
		files, err := db.Query(ctx, `
			select repository, content
			from staging.github_owner_files
			where `+condition+`
			qualify row_number() over (
				partition by repository
				order by case when path like '.github/%' then 1 when path like 'docs/%' then 3 else 2 end
			) = 1
			order by repository`)
		if err != nil {
			return err
		}
		defer files.Close()
		var rows [][]any
		for files.Next() {
			var repository, content string
			if err := files.Scan(&repository, &content); err != nil {
				return err
			}
			for _, row := range parse(content) {
				rows = append(rows, append([]any{repository}, row...))
			}
		}
		if err := files.Err(); err != nil {
			return err
		}
		return db.Append(ctx, Core, table, func(yield func([]any) bool) {
			for _, row := range rows {
				if !yield(row) {
					return
				}
			}
		})
	}
}

// A catalogEntity is what is read of an entity.
type catalogEntity struct {
	Kind     string         `yaml:"kind"`
	Metadata map[string]any `yaml:"metadata"`
	Spec     map[string]any `yaml:"spec"`
}

// catalogRows returns the rows of core.catalog_components, but for the repository.
func catalogRows(content string) [][]any {
	var rows [][]any
	for i, document := range strictyaml.Parse([]byte(content)) {
		position := int64(i + 1)
		wrong := func(problem string) {
			rows = append(rows, []any{position, nil, nil, nil, nil, nil, nil, false, problem})
		}
		if len(document.Problems) > 0 {
			wrong(fmt.Sprintf("line %d: %s", document.Problems[0].Line, document.Problems[0].Text))
			continue
		}
		// Keys that are not read are no problem: Backstage's plugins have their own.
		var entity catalogEntity
		document.Read(&entity)
		if !strings.EqualFold(entity.Kind, "Component") {
			continue
		}
		name := textAt(entity.Metadata, "name")
		if name == "" {
			wrong(fmt.Sprintf("line %d: a Component without metadata.name", document.Line()))
			continue
		}
		annotations, _ := entity.Metadata["annotations"].(map[string]any)
		rows = append(rows, []any{
			position, name, nullable(textAt(entity.Spec, "type")), nullable(groupOf(textAt(entity.Spec, "owner"))),
			nullable(entityName(textAt(entity.Spec, "system"))), nullable(textAt(annotations, "github.com/project-slug")),
			nullable(textAt(annotations, "pagerduty.com/service-id")), textAt(annotations, "pagerduty.com/integration-key") != "", nil,
		})
	}
	return rows
}

// textAt returns the text at a key, "" where there is none.
func textAt(mapping map[string]any, key string) string {
	text, _ := mapping[key].(string)
	return strings.TrimSpace(text)
}

// entityName returns the name that a reference such as group:default/payments ends
// in.
func entityName(reference string) string {
	_, name, hasKind := strings.Cut(reference, ":")
	if !hasKind {
		name = reference
	}
	return name[strings.LastIndex(name, "/")+1:]
}

// groupOf returns the name of the group that an owner is, "" for a person. Without a
// kind an owner is a group.
func groupOf(owner string) string {
	if kind, _, hasKind := strings.Cut(owner, ":"); hasKind && !strings.EqualFold(kind, "group") {
		return ""
	}
	return entityName(owner)
}

// codeOwnersRows returns the rows of core.code_owners, but for the repository.
func codeOwnersRows(content string) [][]any {
	var rows [][]any
	for number, fields := range codeOwnersLines(content) {
		var team any
		for _, owner := range fields[1:] {
			// A team is @organization/slug, a person @login or an address.
			if _, slug, isTeam := strings.Cut(owner, "/"); isTeam && owner[0] == '@' {
				team = strings.ToLower(slug)
				break
			}
		}
		var path any
		if place, ok := placeOf(fields[0]); ok {
			path = place
		}
		rows = append(rows, []any{number, fields[0], path, team})
	}
	return rows
}

// codeOwnersLines yields the pattern and the owners of each line, by its number.
func codeOwnersLines(content string) iter.Seq2[int64, []string] {
	return func(yield func(int64, []string) bool) {
		lines := bufio.NewScanner(strings.NewReader(content))
		lines.Buffer(nil, len(content)+1)
		for number := int64(1); lines.Scan(); number++ {
			line, _, _ := strings.Cut(" "+lines.Text(), " #")
			if fields := strings.Fields(line); len(fields) > 0 && !yield(number, fields) {
				return
			}
		}
	}
}

// placeOf returns the one place that a pattern of CODEOWNERS is about: "/" for
// everything, "services/checkout" for /services/checkout/**.
func placeOf(pattern string) (place string, ok bool) {
	place = strings.TrimPrefix(pattern, "/")
	for _, ending := range []string{"**", "*", "/"} {
		place = strings.TrimSuffix(place, ending)
	}
	if place == "" {
		place = "/"
	}
	return place, !strings.ContainsAny(place, `*?[\`)
}
