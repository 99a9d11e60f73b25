package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"dorado/collectors/openslo"
)

func sloCommand(p *program) *cobra.Command {
	group := &cobra.Command{
		Use:     "slo",
		Short:   "Work with service level objectives",
		Long:    "Work with service level objectives, written as OpenSLO v1.",
		Example: "  dorado slo check slo/*.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE:    groupHelp,
	}
	group.AddCommand(sloCheckCommand(p))
	return group
}

func sloCheckCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Check OpenSLO files and list everything wrong with them",
		Long: `Read OpenSLO v1 files as collect does, and print everything that is wrong with
them, one line each, with file and line. What is right and not computed with is
a note. Nothing is asked of any server and no configuration is needed. The exit
code is 1 where there is a problem in any file, so that it can be a step of CI.`,
		Example: `  dorado slo check slo/*.yaml`,
		RunE: func(command *cobra.Command, files []string) error {
			if len(files) == 0 {
				return usageError{command: command.CommandPath(), problem: "name the files to check"}
			}
			return p.checkSLOs(files)
		},
	}
}

// checkSLOs prints what is wrong with the files, and those that nothing is wrong
// with.
func (p *program) checkSLOs(files []string) error {
	problems, wrong := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the objectives: %w", err)
		}
		before := problems
		for _, finding := range openslo.Check(text) {
			line := fmt.Sprintf("%s:%d: ", file, max(finding.Line, 1))
			if finding.IsNote {
				line += "note: "
			} else {
				problems++
			}
			if finding.Path != "" {
				line += finding.Path + ": "
			}
			if _, err := fmt.Fprintln(p.stdout, line+finding.Text); err != nil {
				return err
			}
		}
		if problems > before {
			wrong++
		} else if _, err := fmt.Fprintf(p.stdout, "%s: ok\n", file); err != nil {
			return err
		}
	}
	if problems > 0 {
		return errors.New(count(problems, "problem", "problems") + " in " + count(wrong, "file", "files"))
	}
	return nil
}
