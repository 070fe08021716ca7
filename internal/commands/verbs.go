package commands

// The verbs that other files of this package speak of.
const (
	verbMute    = "mute"
	verbUnmute  = "unmute"
	verbStatus  = "status"
	verbHistory = "history"
	verbCase    = "case"
	verbConfirm = "confirm"
	verbLink    = "link"
	verbUnlink  = "unlink"
)
