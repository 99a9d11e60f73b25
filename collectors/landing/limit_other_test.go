//go:build !unix

package landing

func limitFileSize(string) {}
