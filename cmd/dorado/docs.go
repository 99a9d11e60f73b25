package main

import (
	_ "embed" // for the files that declare the configuration
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dorado/collectors/github"
	"dorado/collectors/openslo"
	"dorado/collectors/pagerduty"
	"dorado/models"
	"dorado/server"
	"dorado/server/schedule"
)

func docsCommand(p *program) *cobra.Command {
	folder := "docs"
	command := &cobra.Command{
		Use:   "docs",
		Short: "Write the data dictionary as Markdown",
		Long: `Write what every table, column, metric, check and option means, with formulas,
worked examples and the lineage, as Markdown into a folder. It is made from the
definitions in this program, and needs no warehouse and no configuration.`,
		Example: `  dorado docs
  dorado docs --output handbook/metrics`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			pages, err := models.Document(command.Context())
			if err != nil {
				return err
			}
			configuration, err := configurationPage()
			if err != nil {
				return err
			}
			api, err := apiPage()
			if err != nil {
				return err
			}
			pages = append(pages, configuration, api)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return fmt.Errorf("docs: %w", err)
			}
			for _, page := range pages {
				if err := os.WriteFile(filepath.Join(folder, page.Name), []byte(page.Text), 0o644); err != nil {
					return fmt.Errorf("docs: %w", err)
				}
			}
			_, err = fmt.Fprintf(p.stdout, "wrote %s to %s\n", count(len(pages), "page", "pages"), folder)
			return err
		},
	}
	command.Flags().StringVar(&folder, "output", folder, "the `FOLDER` to write to")
	return command
}

// configSource is the file that declares Config.
//
//go:embed config.go
var configSource string

// configurationPage returns the page of all options: the keys are those of the
// structs that the configuration is read into, the meanings their comments.
func configurationPage() (models.Page, error) {
	comments := fieldComments{}
	err := errors.Join(
		comments.read("main", configSource),
		comments.read("github", github.ConfigSource),
		comments.read("pagerduty", pagerduty.ConfigSource),
		comments.read("openslo", openslo.ConfigSource),
		comments.read("server", server.ConfigSource),
		comments.read("schedule", schedule.ConfigSource),
		comments.readAll("models", models.ConfigSources),
	)
	if err != nil {
		return models.Page{}, err
	}
	var text strings.Builder
	text.WriteString("<!-- Written by dorado docs from the comments of the structs the configuration is read into. Change those, and run make docs. -->\n\n" +
		"# Configuration\n\nOne YAML file, `dorado.yaml`. `[]` stands for each element of a list. `dorado config check` says what is wrong with one.\n\n" +
		"| key | takes | meaning |\n| --- | --- | --- |\n")
	if err := comments.write(&text, reflect.TypeFor[Config](), ""); err != nil {
		return models.Page{}, err
	}
	fmt.Fprintf(&text, "\n# Options of the metrics\n\nThey are set under `definitions`, for all, or for a team or a service under its own; the narrowest wins.\n%s", models.OptionsMarkdown())
	return models.Page{Name: "configuration.md", Text: text.String()}, nil
}

// fieldComments are the comments of struct fields, by "package.Type.Field".
type fieldComments map[string]string

func (c fieldComments) readAll(name string, files fs.FS) error {
	return fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		return c.read(name, string(text))
	})
}

// read takes the comments of all structs in the text of a Go file of the package.
func (c fieldComments) read(name, text string) error {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("read the comments of package %s: %w", name, err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, isType := node.(*ast.TypeSpec)
		if !isType {
			return true
		}
		structure, isStruct := spec.Type.(*ast.StructType)
		if !isStruct {
			return false
		}
		for _, field := range structure.Fields.List {
			comment := strings.Join(strings.Fields(field.Comment.Text()+" "+field.Doc.Text()), " ")
			for _, ident := range field.Names {
				c[name+"."+spec.Name.Name+"."+ident.Name] = comment
			}
		}
		return false
	})
	return nil
}

// write writes a line for every key of the struct, and of those inside it.
func (c fieldComments) write(text *strings.Builder, structure reflect.Type, path string) error {
	for i := range structure.NumField() {
		field := structure.Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if key == "" || key == "-" {
			continue
		}
		name := structure.String() + "." + field.Name
		meaning := c[name]
		if meaning == "" {
			return fmt.Errorf("docs: no comment says what %s is; is its file embedded?", name)
		}
		kind, list := field.Type, ""
		for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
			if kind.Kind() == reflect.Slice {
				list = "[]"
			}
			kind = kind.Elem()
		}
		full := strings.TrimPrefix(path+"."+key, ".") + list
		fmt.Fprintf(text, "| `%s` | %s | %s |\n", full, takes(kind, list != ""), strings.ReplaceAll(meaning, "|", `\|`))
		if kind.Kind() == reflect.Struct && kind != reflect.TypeFor[time.Time]() {
			if err := c.write(text, kind, full); err != nil {
				return err
			}
		}
	}
	return nil
}

// takes says what values a key takes.
func takes(kind reflect.Type, isList bool) string {
	value := ""
	switch {
	case kind == reflect.TypeFor[time.Time]():
		value = "date or instant"
	case kind.Kind() == reflect.Struct || kind.Kind() == reflect.Map:
		value = "keys"
	case kind.Kind() == reflect.Bool:
		value = "true or false"
	case kind.Kind() == reflect.String:
		value = "text"
	default:
		value = "number"
	}
	if isList {
		return "list of " + value
	}
	return value
}
