//go:build unix

package warehouse

import (
	"os"
	"syscall"
)

// holdFolder opens a folder, and holds it until it is closed or the process ends.
// isHeld is false where another holds it, or where the file system knows no locks:
// such folders stay when their process is killed.
func holdFolder(path string) (opened *os.File, isHeld bool, err error) {
	if opened, err = os.Open(path); err != nil {
		return nil, false, err
	}
	return opened, syscall.Flock(int(opened.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil, nil
}
