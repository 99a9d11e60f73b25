package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An importRule says what the packages of a folder may import, tests aside.
type importRule struct {
	folder       string   // the last part may be *
	ours         []string // packages of this module, by folder; * matches all
	standardOnly bool     // of the others, only the standard library
}

// importRules has one rule for every package. The first that matches counts.
var importRules = []importRule{
	{folder: "cmd/gpx_dorado", ours: []string{"grafana"}},
	{folder: "cmd/*", ours: []string{"*"}},
	{folder: "collectors", standardOnly: true},
	{folder: "collectors/transport"},
	{folder: "collectors/landing", ours: []string{"collectors"}, standardOnly: true},
	{folder: "collectors/*", ours: []string{"collectors", "collectors/transport", "strictyaml"}},
	{folder: "strictyaml"},
	{folder: "warehouse", ours: []string{"collectors"}}, // for the interface it implements
	{folder: "sql", standardOnly: true},
	{folder: "models/large", ours: []string{"sql", "warehouse"}},
	{folder: "models", ours: []string{"sql", "strictyaml", "warehouse"}},
	{folder: "warehouse/results"},
	{folder: "server/wire", standardOnly: true},
	{folder: "reports", ours: []string{"strictyaml"}},
	{folder: "server/charts", ours: []string{"reports"}},
	{folder: "server/page", ours: []string{"reports", "server/charts", "warehouse"}},
	{folder: "server/schedule"},
	{folder: "server", ours: []string{"models", "reports", "server/page", "server/wire", "strictyaml", "warehouse", "warehouse/results"}},
	{folder: "server/push", ours: []string{"collectors", "collectors/github", "collectors/ingested", "collectors/landing", "collectors/pagerduty", "server/wire"}},
	{folder: "grafana", ours: []string{"grafana/frames", "grafana/macros", "server/wire"}},
	{folder: "grafana/lab", ours: []string{"grafana", "grafana/host"}},
	{folder: "grafana/*", ours: []string{"grafana", "server/wire"}},
}

// Libraries that only one folder may import, tests included; one that ends in /... with all below it.
var onlyIn = map[string]string{
	"github.com/duckdb/":     "warehouse",
	"github.com/marcboeker/": "warehouse",
	"github.com/grafana/":    "grafana/...",
}

// root is the module's folder.
const root = "../.."

// goFiles parses all Go files of the module, by path.
func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		relative, relativeErr := filepath.Rel(root, file)
		if err != nil || relativeErr != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		files[filepath.ToSlash(relative)] = parsed
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d Go files found below %s", len(files), root)
	}
	return files
}

func TestImports(t *testing.T) {
	for file, parsed := range goFiles(t) {
		folder := path.Dir(file)
		index := slices.IndexFunc(importRules, func(rule importRule) bool {
			matches, _ := path.Match(rule.folder, folder)
			return matches
		})
		if index < 0 {
			t.Errorf("%s: no import rule is for packages in %s; say here what they may import", file, folder)
			continue
		}
		rule := importRules[index]
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for library, owner := range onlyIn {
				if strings.HasPrefix(imported, library) && !owns(owner, folder) {
					t.Errorf("%s imports %s, which is for %s only", file, imported, owner)
				}
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			ours, isOurs := strings.CutPrefix(imported, "dorado/")
			isStandard := !isOurs && !strings.Contains(strings.Split(imported, "/")[0], ".")
			switch {
			case isOurs && !slices.Contains(rule.ours, ours) && !slices.Contains(rule.ours, "*"):
				t.Errorf("%s imports %s; %s may import of ours only %v", file, imported, rule.folder, rule.ours)
			case !isOurs && !isStandard && rule.standardOnly:
				t.Errorf("%s imports %s; %s may import the standard library only", file, imported, rule.folder)
			}
		}
	}
}

// owns reports whether folder is owner's.
func owns(owner, folder string) bool {
	above, hasBelow := strings.CutSuffix(owner, "/...")
	return folder == above || hasBelow && strings.HasPrefix(folder, above+"/")
}

func TestEveryPackageHasAComment(t *testing.T) {
	commented := map[string]bool{}
	for file, parsed := range goFiles(t) {
		if !strings.HasSuffix(file, "_test.go") {
			commented[path.Dir(file)] = commented[path.Dir(file)] || parsed.Doc != nil
		}
	}
	for folder, hasComment := range commented {
		if !hasComment {
			t.Errorf("no file of the package in %s has a package comment", folder)
		}
	}
}

// interfaceMethods are documented where the interface is.
var interfaceMethods = []string{"Table", "Name", "Pages"}

func TestEveryExportedNameHasAComment(t *testing.T) {
	for file, parsed := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, declaration := range parsed.Decls {
			for _, name := range undocumented(declaration) {
				t.Errorf("%s: %s is exported and has no comment", file, name)
			}
		}
	}
}

// undocumented returns the exported names of a declaration that no comment
// explains. A comment on a group is one on each of its constants or variables.
func undocumented(declaration ast.Decl) []string {
	var names []string
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		isOwned := declaration.Recv == nil || ast.IsExported(receiver(declaration.Recv.List[0].Type)) &&
			!slices.Contains(interfaceMethods, declaration.Name.Name)
		if isOwned && declaration.Name.IsExported() && declaration.Doc == nil {
			names = append(names, declaration.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range declaration.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && declaration.Doc == nil && spec.Doc == nil {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.IsExported() && declaration.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// receiver returns the name of the type a method belongs to.
func receiver(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.StarExpr:
		return receiver(expression.X)
	case *ast.IndexExpr:
		return receiver(expression.X)
	case *ast.Ident:
		return expression.Name
	}
	return ""
}
