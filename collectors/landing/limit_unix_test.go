//go:build unix

package landing

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// limitFileSize lets no file of this process grow beyond a number of bytes; "" for no
// limit.
func limitFileSize(text string) {
	bytes, err := strconv.ParseUint(text, 10, 64)
	if text == "" {
		return
	}
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
