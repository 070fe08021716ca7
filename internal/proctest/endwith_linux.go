package proctest

import "syscall"

// endWithTest ends a process when the test ends in a way that runs no clean-up:
// by a signal, or by the time that `go test` allows. The signal follows the
// thread that starts the process, and Go keeps its threads.
func endWithTest(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
