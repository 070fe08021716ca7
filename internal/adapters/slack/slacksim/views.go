package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// triggerTime is how long a trigger_id opens a view.
const triggerTime = 3 * time.Second

// trigger is what somebody did that allows a view to be opened, once.
type trigger struct {
	by     From
	issued time.Time
	used   bool
}

// View is a modal that somebody sees.
type View struct {
	ID              string
	Hash            string
	User            string
	Delivery        string // the trigger that opened it
	Title           string
	Submit          string
	CallbackID      string
	PrivateMetadata string
	Fields          []Field
	Open            bool
	Errors          map[string]string // what the app said about fields, by block_id

	raw object
}

// Field is one input of a View.
type Field struct {
	BlockID   string
	ActionID  string
	Label     string
	Hint      string
	Initial   string
	Options   []string // the values of a select; nil for a text input
	Required  bool
	Multiline bool
	MaxLength int
}

// Views are the modals that were opened for a user, in order.
func (s *Server) Views(user string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for _, v := range s.world.views {
		if v.User == user {
			out = append(out, *v)
		}
	}
	return out
}

// issue makes a trigger for something that somebody did. The caller holds the
// lock.
func (s *Server) issue(by From) string {
	id := fmt.Sprintf("%d.%s.%08x", s.world.number(), strings.ToLower(by.Team), s.cfg.Now().UnixNano())
	s.world.triggers[id] = &trigger{by: by, issued: s.cfg.Now()}
	return id
}

// exchange uses a trigger up.
func (s *Server) exchange(id string) (From, error) {
	t, ok := s.world.triggers[id]
	switch {
	case !ok:
		return From{}, refuse("invalid_trigger_id")
	case t.used:
		return From{}, refuse("exchanged_trigger_id")
	case s.after(t.issued, triggerTime):
		return From{}, refuse("expired_trigger_id")
	}
	t.used = true
	return t.by, nil
}

func (s *Server) openView(c call) (object, error) {
	raw := json.RawMessage(c.args.Get("view"))
	if err := checkView(raw); err != nil {
		return nil, err
	}
	id := c.args.Get("trigger_id")
	by, err := s.exchange(id)
	if err != nil {
		return nil, err
	}
	v := &View{ID: fmt.Sprintf("V%d", s.world.number()), User: by.User, Delivery: id, Open: true}
	s.fill(v, raw)
	s.world.views = append(s.world.views, v)
	s.log.add(Record{Kind: KindView, Delivery: id, View: v.clone()})
	return object{"view": s.viewObject(v, nil)}, nil
}

func (s *Server) updateView(c call) (object, error) {
	raw := json.RawMessage(c.args.Get("view"))
	if err := checkView(raw); err != nil {
		return nil, err
	}
	id, external := c.args.Get("view_id"), c.args.Get("external_id")
	i := slices.IndexFunc(s.world.views, func(v *View) bool {
		return v.Open && (v.ID == id || external != "" && str(v.raw["external_id"]) == external)
	})
	if i < 0 {
		return nil, refuse("not_found")
	}
	v := s.world.views[i]
	if hash := c.args.Get("hash"); hash != "" && hash != v.Hash {
		return nil, refuse("hash_conflict")
	}
	s.fill(v, raw)
	s.log.add(Record{Kind: KindView, Delivery: v.Delivery, View: v.clone()})
	return object{"view": s.viewObject(v, nil)}, nil
}

func (v *View) clone() *View {
	c := *v
	return &c
}

// fill makes a view of its JSON.
func (s *Server) fill(v *View, raw json.RawMessage) {
	v.raw = object{}
	_ = json.Unmarshal(raw, &v.raw) // checked before
	text := func(o any) string { t, _ := o.(object); return str(t["text"]) }
	v.Hash = fmt.Sprintf("%d.hash", s.world.number())
	v.Title, v.Submit = text(v.raw["title"]), text(v.raw["submit"])
	v.CallbackID, v.PrivateMetadata = str(v.raw["callback_id"]), str(v.raw["private_metadata"])
	v.Fields, v.Errors = nil, nil
	for i, b := range objects(v.raw["blocks"]) {
		if b["type"] != "input" {
			continue
		}
		e, _ := b["element"].(object)
		f := Field{BlockID: str(b["block_id"]), ActionID: str(e["action_id"]), Label: text(b["label"]), Hint: text(b["hint"]), Initial: str(e["initial_value"])}
		if f.BlockID == "" {
			f.BlockID = fmt.Sprintf("made-up-%d", i)
		}
		optional, _ := b["optional"].(bool)
		f.Required = !optional
		f.Multiline, _ = e["multiline"].(bool)
		if most, ok := e["max_length"].(float64); ok {
			f.MaxLength = int(most)
		}
		for _, o := range objects(e["options"]) {
			f.Options = append(f.Options, str(o["value"]))
		}
		if initial, ok := e["initial_option"].(object); ok {
			f.Initial = str(initial["value"])
		}
		v.Fields = append(v.Fields, f)
	}
}

// viewObject is a view as answers and payloads carry it, filled in with values.
func (s *Server) viewObject(v *View, values object) object {
	o := object{
		"id": v.ID, "team_id": s.cfg.TeamID, "type": "modal", "hash": v.Hash, "root_view_id": v.ID, "app_id": s.cfg.AppID, "bot_id": s.cfg.BotID,
		"callback_id": v.CallbackID, "private_metadata": v.PrivateMetadata, "previous_view_id": nil, "external_id": str(v.raw["external_id"]),
		"title": v.raw["title"], "submit": v.raw["submit"], "close": v.raw["close"], "blocks": v.raw["blocks"],
		"clear_on_close": false, "notify_on_close": false, "app_installed_team_id": s.cfg.TeamID,
	}
	if values == nil {
		values = object{}
	}
	o["state"] = object{"values": values}
	return o
}

// state is what was filled in, as a submission carries it. Slack's client
// doesn't submit what the form doesn't allow.
func (v View) state(filled map[string]string) (object, error) {
	values := object{}
	for _, f := range v.Fields {
		value, given := filled[f.BlockID]
		if !given {
			value = f.Initial
		}
		one, err := f.value(value)
		if err != nil {
			return nil, fmt.Errorf("filling in %s: %w", f.BlockID, err)
		}
		values[f.BlockID] = object{f.ActionID: one}
	}
	for block := range filled {
		if _, ok := values[block]; !ok {
			return nil, fmt.Errorf("filling in %s: the form has no such field", block)
		}
	}
	return values, nil
}

// value is one input as a submission carries it.
func (f Field) value(value string) (object, error) {
	switch {
	case value == "" && f.Required:
		return nil, fmt.Errorf("it is required")
	case f.Options == nil && f.MaxLength > 0 && units(value) > f.MaxLength:
		return nil, fmt.Errorf("%d characters are more than %d", units(value), f.MaxLength)
	case f.Options == nil && value == "":
		return object{"type": "plain_text_input", "value": nil}, nil
	case f.Options == nil:
		return object{"type": "plain_text_input", "value": value}, nil
	case value == "":
		return object{"type": "static_select", "selected_option": nil}, nil
	case !slices.Contains(f.Options, value):
		return nil, fmt.Errorf("%q is none of its options", value)
	}
	return object{"type": "static_select", "selected_option": object{"text": object{"type": "plain_text", "text": value}, "value": value}}, nil
}
