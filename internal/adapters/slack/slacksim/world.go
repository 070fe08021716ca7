package slacksim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// User is somebody in the workspace, or in one that shares a channel with it.
type User struct {
	ID              string
	Name            string
	Team            string // empty: the workspace of the server
	Deleted         bool
	Bot             bool
	Restricted      bool // a guest
	UltraRestricted bool // a guest of a single channel
	Stranger        bool // of another workspace, and not known here
}

// Channel is a place for messages.
type Channel struct {
	ID       string
	Name     string
	Member   bool // the app was invited
	Private  bool
	Archived bool
}

// Usergroup is a named group of users.
type Usergroup struct {
	ID      string
	Handle  string
	Members []string
}

// world is what the workspace holds.
type world struct {
	users      map[string]User
	channels   map[string]Channel
	usergroups map[string]Usergroup
	messages   []*Message
	views      []*View
	triggers   map[string]*trigger
	responses  map[string]*response
	posted     map[string]time.Time // the last message to a channel
	tickets    map[string]time.Time // of sockets, with their end
	count      int                  // of everything that needs a number
}

func newWorld(cfg Config) world {
	return world{
		users:    map[string]User{cfg.BotUserID: {ID: cfg.BotUserID, Name: "modbot", Bot: true}},
		channels: map[string]Channel{}, usergroups: map[string]Usergroup{},
		triggers: map[string]*trigger{}, responses: map[string]*response{},
		posted: map[string]time.Time{}, tickets: map[string]time.Time{},
	}
}

// number is a fresh number for an id. The caller holds the lock.
func (w *world) number() int {
	w.count++
	return w.count
}

// AddUser adds or changes users.
func (s *Server) AddUser(users ...User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range users {
		s.world.users[u.ID] = u
	}
}

// SetChannel adds or changes channels.
func (s *Server) SetChannel(channels ...Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range channels {
		s.world.channels[c.ID] = c
	}
}

// RemoveChannel deletes a channel.
func (s *Server) RemoveChannel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.world.channels, id)
}

// SetUsergroup adds or changes a user group.
func (s *Server) SetUsergroup(groups ...Usergroup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range groups {
		s.world.usergroups[g.ID] = g
	}
}

// known makes sure that a delivery's user and channel exist: somebody typed it
// there. The app need not be a member of the channel.
func (w *world) known(f From) {
	if _, ok := w.users[f.User]; !ok && f.User != "" {
		w.users[f.User] = User{ID: f.User, Name: f.UserName, Team: f.Team}
	}
	if _, ok := w.channels[f.Channel]; !ok && f.Channel != "" {
		w.channels[f.Channel] = Channel{ID: f.Channel, Name: f.ChannelName}
	}
}

func (s *Server) authTest(call) (object, error) {
	answer := object{
		"url": s.URL() + "/", "team": s.cfg.TeamDomain, "user": "modbot", "team_id": s.cfg.TeamID,
		"user_id": s.cfg.BotUserID, "bot_id": s.cfg.BotID, "is_enterprise_install": s.cfg.OrgInstall,
	}
	if s.cfg.EnterpriseID != "" {
		answer["enterprise_id"] = s.cfg.EnterpriseID
	}
	return answer, nil
}

func (s *Server) userInfo(c call) (object, error) {
	u, ok := s.world.users[c.args.Get("user")]
	if !ok {
		return nil, refuse("user_not_found")
	}
	return object{"user": object{
		"id": u.ID, "name": u.Name, "team_id": cmp.Or(u.Team, s.cfg.TeamID), "deleted": u.Deleted, "is_bot": u.Bot,
		"is_restricted": u.Restricted || u.UltraRestricted, "is_ultra_restricted": u.UltraRestricted, "is_stranger": u.Stranger,
		"real_name": u.Name, "tz": "UTC", "profile": object{"display_name": u.Name, "real_name": u.Name},
	}}, nil
}

// needsTeam refuses a call that doesn't say which workspace it is about, where
// the token is the organisation's.
func (s *Server) needsTeam(c call) error {
	if s.cfg.OrgInstall && c.args.Get("team_id") == "" {
		return refuse("missing_argument")
	}
	return nil
}

func (s *Server) usergroups(c call) (object, error) {
	if err := s.needsTeam(c); err != nil {
		return nil, err
	}
	var all []object
	for _, id := range slices.Sorted(maps.Keys(s.world.usergroups)) {
		g := s.world.usergroups[id]
		one := object{"id": g.ID, "team_id": s.cfg.TeamID, "is_usergroup": true, "name": g.Handle, "handle": g.Handle, "user_count": len(g.Members)}
		if c.args.Get("include_users") == "true" {
			one["users"] = g.Members
		}
		all = append(all, one)
	}
	return object{"usergroups": all}, nil
}

func (s *Server) usergroupMembers(c call) (object, error) {
	if err := s.needsTeam(c); err != nil {
		return nil, err
	}
	g, ok := s.world.usergroups[c.args.Get("usergroup")]
	if !ok {
		return nil, refuse("no_such_subteam")
	}
	return object{"users": append([]string{}, g.Members...)}, nil
}

func (s *Server) conversationInfo(c call) (object, error) {
	ch, ok := s.world.channels[c.args.Get("channel")]
	if !ok || ch.Private && !ch.Member {
		return nil, refuse("channel_not_found")
	}
	return object{"channel": channelObject(ch)}, nil
}

func channelObject(ch Channel) object {
	return object{
		"id": ch.ID, "name": ch.Name, "is_channel": !ch.Private, "is_private": ch.Private, "is_archived": ch.Archived, "is_member": ch.Member,
		"is_im": strings.HasPrefix(ch.ID, "D"),
	}
}

// openConversation opens the app's direct messages with one user.
func (s *Server) openConversation(c call) (object, error) {
	user := c.args.Get("users")
	if user == "" {
		return nil, refuse("users_list_not_supplied")
	}
	ch, err := s.direct(user)
	if err != nil {
		return nil, err
	}
	return object{"channel": channelObject(ch)}, nil
}

// direct is the channel between the app and a user.
func (s *Server) direct(user string) (Channel, error) {
	u, ok := s.world.users[user]
	if !ok || u.Deleted || u.Bot {
		return Channel{}, refuse("user_not_found")
	}
	id := DirectChannel(user)
	if _, ok := s.world.channels[id]; !ok {
		s.world.channels[id] = Channel{ID: id, Member: true}
	}
	return s.world.channels[id], nil
}

// DirectChannel is the id of the channel between the app and a user.
func DirectChannel(user string) string { return "D" + user }

// stamp is a fresh message timestamp.
func (s *Server) stamp() string {
	return fmt.Sprintf("%d.%06d", s.cfg.Now().Unix(), s.world.number())
}
