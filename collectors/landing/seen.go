package landing

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// rememberedKeys is how many keys are remembered at least, and half of how many
// there are at most: months of webhooks.
const rememberedKeys = 100_000

// seenName is the file with the keys of what has landed: "KEY CONTENT TIME" a line,
// both digests.
const seenName = "seen"

// seen knows which keys have landed. The file is shared by all processes that land,
// under the folder's lock.
type seen struct {
	path    string
	known   map[string]string // digests of contents by digests of keys
	order   []string          // the keys, oldest first
	read    int64             // up to where the file has been read
	file    os.FileInfo       // which file that was
	partial bool              // its last line was cut short
}

// digest returns 128 bits of the digest of a key in hexadecimal.
func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// refresh reads what other processes have added.
func (s *seen) refresh() error {
	file, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		s.forget()
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if s.known == nil || s.file == nil || !os.SameFile(s.file, info) || info.Size() < s.read {
		s.forget()
	}
	s.file = info
	if _, err := file.Seek(s.read, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			s.partial = line != ""
			return nil
		}
		if err != nil {
			return err
		}
		s.read += int64(len(line))
		if fields := strings.Fields(line); len(fields) >= 2 {
			s.note(fields[0], fields[1])
		}
	}
}

// forget makes as if nothing had been read.
func (s *seen) forget() {
	s.known, s.order, s.read, s.file, s.partial = map[string]string{}, nil, 0, nil, false
}

// note remembers a key.
func (s *seen) note(key, content string) {
	if _, isKnown := s.known[key]; !isKnown {
		s.order = append(s.order, key)
	}
	s.known[key] = content
}

// knows reports whether one of the keys has landed.
func (s *seen) knows(keys []Key) (bool, error) {
	for _, key := range keys {
		content, isKnown := s.known[digest(key.Name)]
		if isKnown && content != hex.EncodeToString(key.Content[:]) {
			return false, ErrOtherContent
		}
		if isKnown {
			return true, nil
		}
	}
	return false, nil
}

// add remembers keys on disk.
func (s *seen) add(keys []Key, at time.Time) error {
	if len(keys) == 0 {
		return nil
	}
	var lines strings.Builder
	if s.partial {
		lines.WriteByte('\n') // ends the line that was cut short
	}
	for _, key := range keys {
		fmt.Fprintf(&lines, "%s %s %d\n", digest(key.Name), hex.EncodeToString(key.Content[:]), at.Unix())
	}
	if len(s.order) >= 2*rememberedKeys {
		return s.replace(lines.String())
	}
	file, err := os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(lines.String())
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// replace writes the file anew with the newest keys and then lines.
func (s *seen) replace(lines string) error {
	part := s.path + ".part"
	file, err := os.Create(part)
	if err != nil {
		return err
	}
	writer := bufio.NewWriter(file)
	for _, key := range s.order[len(s.order)-rememberedKeys:] {
		fmt.Fprintf(writer, "%s %s\n", key, s.known[key])
	}
	_, err = writer.WriteString(lines)
	err = errors.Join(err, writer.Flush(), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(part, s.path)
}
