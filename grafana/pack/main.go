// Command pack makes the archives of the data source that people install: one for
// each platform and one for all, with their checksums, and checks what is in them.
// The frontend must be built; the backends it builds itself, without cgo.
package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		stop()
		os.Exit(1)
	}
}

// platforms are those that Grafana runs on, as the names of backends have them.
var platforms = []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"}

// run packs grafana/dist.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dist := flags.String("dist", "grafana/dist", "the `DIR` that the frontend was built in")
	folder := flags.String("folder", "bin", "where the archives go, `DIR`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of the archives: %w", err)
	}
	for _, platform := range platforms {
		if err := buildBackend(ctx, *dist, platform); err != nil {
			return err
		}
	}
	if err := writeManifest(ctx, *dist); err != nil {
		return err
	}
	for _, these := range append(slices.Collect(slices.Chunk(platforms, 1)), platforms) {
		file, err := pack(*dist, *folder, these)
		if err != nil {
			return err
		}
		problems, err := check(file, these)
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			return fmt.Errorf("%s is not as it should be:\n%s", file, strings.Join(problems, "\n"))
		}
		fmt.Fprintln(stdout, file)
	}
	return nil
}

// backendName is the file that Grafana starts on a platform.
func backendName(platform string) string {
	name := "gpx_dorado_" + platform
	if strings.HasPrefix(platform, "windows") {
		name += ".exe"
	}
	return name
}

// buildBackend builds the backend for a platform into dist.
func buildBackend(ctx context.Context, dist, platform string) error {
	system, architecture, _ := strings.Cut(platform, "_")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "arrow_json_stdlib", "-ldflags", "-s -w",
		"-o", filepath.Join(dist, backendName(platform)), "dorado/cmd/gpx_dorado")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the backend for %s: %w\n%s", platform, err, output)
	}
	return nil
}

// manifestName is the file that lists the sources of the backend with their hashes,
// by which Grafana's validator knows that it was built of them.
const manifestName = "go_plugin_build_manifest"

// writeManifest lists the Go files of the module that the backend is made of.
func writeManifest(ctx context.Context, dist string) error {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-f",
		`{{if and .Module .Module.Main}}{{$package := .}}{{range .GoFiles}}{{$package.Module.Dir}}|{{$package.Dir}}/{{.}}{{"\n"}}{{end}}{{end}}`, "dorado/cmd/gpx_dorado")
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the sources of the backend: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(output)) {
		root, file, hasRoot := strings.Cut(strings.TrimSpace(line), "|")
		if !hasRoot {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read a source of the backend: %w", err)
		}
		path, err := filepath.Rel(root, file)
		if err != nil {
			return fmt.Errorf("name a source of the backend: %w", err)
		}
		lines = append(lines, fmt.Sprintf("%x:%s\n", sha256.Sum256(text), filepath.ToSlash(path)))
	}
	slices.Sort(lines)
	if err := os.WriteFile(filepath.Join(dist, manifestName), []byte(strings.Join(lines, "")), 0o644); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// A description is what plugin.json says, as far as packing needs it.
type description struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Name       string `json:"name"`
	Executable string `json:"executable"`
	Includes   []struct {
		Type string `json:"type"`
		Name string `json:"name"`
		Path string `json:"path"`
	} `json:"includes"`
	Info struct {
		Description string                        `json:"description"`
		Author      struct{ Name string }         `json:"author"`
		Keywords    []string                      `json:"keywords"`
		Logos       struct{ Small, Large string } `json:"logos"`
		Screenshots []struct{ Path string }       `json:"screenshots"`
		Version     string                        `json:"version"`
		Updated     string                        `json:"updated"`
	} `json:"info"`
	Dependencies struct {
		GrafanaDependency string `json:"grafanaDependency"`
	} `json:"dependencies"`
}

// pack writes the archive of dist with the backends of some platforms, and its
// checksum beside it, and returns its name. The same dist gives the same bytes.
func pack(dist, folder string, these []string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dist, "plugin.json"))
	if err != nil {
		return "", fmt.Errorf("read what is packed: %w; run: make plugin", err)
	}
	var described description
	if err := json.Unmarshal(text, &described); err != nil {
		return "", fmt.Errorf("read %s: %w", filepath.Join(dist, "plugin.json"), err)
	}
	modified, err := time.Parse(time.DateOnly, described.Info.Updated)
	if err != nil {
		return "", fmt.Errorf("the day in plugin.json: %w", err)
	}
	platform := "all"
	if len(these) == 1 {
		platform = these[0]
	}
	name := filepath.Join(folder, fmt.Sprintf("%s-%s.%s.zip", described.ID, described.Info.Version, platform))
	file, err := os.Create(name)
	if err != nil {
		return "", fmt.Errorf("make the archive: %w", err)
	}
	hash := sha256.New()
	archive := zip.NewWriter(io.MultiWriter(file, hash))
	err = filepath.WalkDir(dist, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		isBackend := strings.HasPrefix(entry.Name(), "gpx_")
		if isBackend && !slices.ContainsFunc(these, func(platform string) bool { return backendName(platform) == entry.Name() }) {
			return nil
		}
		relative, err := filepath.Rel(dist, path)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: described.ID + "/" + filepath.ToSlash(relative), Method: zip.Deflate, Modified: modified}
		header.SetMode(0o644)
		if isBackend {
			header.SetMode(0o755)
		}
		to, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		from, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = from.Close() }() // it was only read
		_, err = io.Copy(to, from)
		return err
	})
	if err = errors.Join(err, archive.Close(), file.Close()); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	sum := fmt.Sprintf("%x  %s\n", hash.Sum(nil), filepath.Base(name))
	if err := os.WriteFile(name+".sha256", []byte(sum), 0o644); err != nil {
		return "", fmt.Errorf("write the checksum: %w", err)
	}
	return name, nil
}
