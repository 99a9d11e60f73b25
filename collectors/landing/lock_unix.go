//go:build unix

package landing

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the lock that the file at path is, waiting for whoever has it, and
// returns what gives it back. A process that ends gives it back too.
func lock(path string) (release func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil // closing gives it back
}
