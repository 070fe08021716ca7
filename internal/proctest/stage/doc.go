// Package stage is where tests put a built modbot: one workspace on a scripted
// Slack and a scripted Discord, a simulated app of Tencent, and a folder with a
// configuration for all three.
//
// The model: the same people are on both platforms, and the same two channels,
// one where moderators type and one that is the audit channel. A Command is one
// thing that a Person types, and is the same on either platform. The stage is
// there before modbot and survives it: Serve starts one modbot on it, and another
// one, and again after a crash. It starts nothing by itself, and what goes wrong
// on it is for the test to say, on Slack, Discord and App. When every modbot has
// ended, Evidence is what the stage knows of the run, and Judge holds it against
// what the test knows (see package proctest).
package stage
