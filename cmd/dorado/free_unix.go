//go:build unix

package main

import "golang.org/x/sys/unix"

// freeBytes returns how much can be written to the file system of a folder.
func freeBytes(folder string) (uint64, error) {
	var status unix.Statfs_t
	if err := unix.Statfs(folder, &status); err != nil {
		return 0, err
	}
	return status.Bavail * uint64(status.Bsize), nil
}
