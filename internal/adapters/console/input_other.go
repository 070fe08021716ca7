//go:build !unix

package console

import "os"

// newFileInput reads in a goroutine: there is no poll to wait with.
func newFileInput(f *os.File) (*input, error) { return newDetached(f), nil }
