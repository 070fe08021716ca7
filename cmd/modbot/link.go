package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modbot/internal/chat"
	"modbot/internal/config"
	"modbot/internal/texts"
)

// linkTemplates are the configured templates for the accounts of mentioned
// members, by platform.
func linkTemplates(cfg *config.Config) map[chat.Platform]string {
	out := map[chat.Platform]string{}
	if cfg.Slack != nil {
		out[chat.Slack] = cfg.Slack.LinkTemplate
	}
	if cfg.Discord != nil {
		out[chat.Discord] = cfg.Discord.LinkTemplate
	}
	return out
}

func newLinkCommand(env *environment) *cobra.Command {
	return group("link", "Say which accounts members of Slack and Discord stand for", newLinkImportCommand(env))
}

func newLinkImportCommand(env *environment) *cobra.Command {
	var file, as string
	cmd := &cobra.Command{
		Use:   "import FILE|- -c FILE --as USER",
		Short: "Link many members to their accounts",
		Long: `Links members to accounts from a CSV file with two columns, member and account;
a first line that says so is left out. A member is named by platform and id:

  member,account
  slack:T0123ABCD/U0123ABCD,alice
  discord:112233445566778899/998877665544332211,bob

The whole file is read and checked before the first link is made. Each line then
goes through the pipeline as the command link would: with the roles of USER, on
record, and to accounts that exist only. A member who stands for another account
already is not linked anew: that is asked, and the report says how to answer.
What is linked already stays, so a file can be imported again.

Exit codes: 0 every line is linked, 1 some are not, 64 the file is wrong.`,
		Example: `  modbot link import members.csv -c modbot.yaml --as ada`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("usage", "modbot link import takes one file, or - for standard input.", "modbot link import members.csv --as ada")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			lines, err := readLinks(env.in, args[0])
			if err != nil {
				return err
			}
			return importLinks(cmd.Context(), env, lines, file, as)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration `file`")
	cmd.Flags().StringVar(&as, "as", "", "`user` whose roles count")
	if err := cmd.MarkFlagRequired("as"); err != nil {
		panic(err) // a flag that was not defined: a mistake of this file
	}
	return cmd
}

// linkReport is what became of one line.
type linkReport struct {
	Type    string     `json:"type"`
	Line    int        `json:"line"`
	Member  string     `json:"member"`
	Account string     `json:"account"`
	State   chat.State `json:"state"`
	Code    string     `json:"code"`
	Cases   []int64    `json:"cases"`
	Text    string     `json:"text"`

	answer []string // what answers a question
}

// linked reports whether the line is so now.
func (r linkReport) linked() bool { return r.Code == "linked" || r.Code == texts.CodeAlreadyLinked }

// importLinks sends the lines through the pipeline, one by one, and reports.
func importLinks(ctx context.Context, env *environment, lines []linkLine, file, as string) error {
	s, err := openSession(ctx, env, opening{file: file, as: as})
	if err != nil {
		return err
	}
	reports := make([]linkReport, 0, len(lines))
	for _, l := range lines {
		if ctx.Err() != nil {
			break // what was not begun is told below
		}
		reports = append(reports, importLink(ctx, s, l, as))
	}
	s.core.drain(ctx, drainTime, flushTime)
	if err := s.close(); err != nil {
		return err
	}
	if err := writeLinkReports(env.out, env.json, reports, len(lines)); err != nil {
		return failWith(exitFailed, "output", fmt.Sprintf("The report cannot be written: %v", err), "", err)
	}
	for _, r := range reports {
		if !r.linked() {
			return exitSilently(exitFailed)
		}
	}
	if len(reports) < len(lines) {
		return exitSilently(exitFailed)
	}
	return nil
}

// importLink is one line through the pipeline.
func importLink(ctx context.Context, s *session, l linkLine, as string) linkReport {
	r := linkReport{Type: "link", Line: l.number, Member: l.member, Account: l.account, Cases: []int64{}}
	s.core.dispatcher.Handle(ctx, chat.Invocation{
		Platform: chat.CLI, Actor: chat.Actor{ID: as, Name: as}, Channel: chat.Channel{Name: "cli"}, Client: caller(),
		Verb: "link", Options: l.options(),
	}, func(_ context.Context, reply chat.Reply) {
		r.State, r.Code, r.Text = reply.State, reply.Code, reply.Message.Summary()
		r.Cases = append(r.Cases, reply.Cases...)
		for _, b := range reply.Message.Buttons {
			r.answer = append(r.answer, b.Typed)
		}
	})
	return r
}

// writeLinkReports says what became of the lines: all of them to machines, to
// people those that need them.
func writeLinkReports(w io.Writer, asJSON bool, reports []linkReport, total int) error {
	counts := map[string]int{}
	for _, r := range reports {
		counts[r.Code]++
		if asJSON {
			if err := json.NewEncoder(w).Encode(r); err != nil {
				return err
			}
			continue
		}
		if r.linked() {
			continue
		}
		if _, err := fmt.Fprintf(w, "line %d, %s to %s: %s\n", r.Line, r.Member, visible(r.Account), visible(r.Text)); err != nil {
			return err
		}
		for _, a := range r.answer {
			if _, err := fmt.Fprintf(w, "  → %s\n", a); err != nil {
				return err
			}
		}
	}
	linked, already, asked := counts["linked"], counts[texts.CodeAlreadyLinked], counts["relink"]
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{
			"type": "imported", "lines": total, "linked": linked, "already": already, "asked": asked,
			"not_linked": len(reports) - linked - already - asked, "not_begun": total - len(reports),
		})
	}
	_, err := fmt.Fprintf(w, "%d lines: %d linked, %d linked already, %d to be confirmed, %d not linked, %d not begun\n",
		total, linked, already, asked, len(reports)-linked-already-asked, total-len(reports))
	return err
}
