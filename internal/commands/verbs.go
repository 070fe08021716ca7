package commands

// The verbs' canonical names.
const (
	verbMute    = "mute"
	verbUnmute  = "unmute"
	verbStatus  = "status"
	verbMutes   = "mutes"
	verbHistory = "history"
	verbCase    = "case"
	verbConfirm = "confirm"
	verbHelp    = "help"
	verbWhoami  = "whoami"
	verbHealth  = "health"
)
