package discordsim

import (
	"net/http"
	"time"
)

// sessionDay is when the identify budget begins anew.
const sessionDay = 24 * time.Hour

func (s *Server) application(*http.Request, []byte) reply {
	var endpoint any
	if s.endpoint != "" {
		endpoint = s.endpoint
	}
	return ok(map[string]any{
		"id": s.cfg.Application, "name": "modbot", "description": "", "icon": nil, "bot_public": false,
		"verify_key": s.PublicKey(), "interactions_endpoint_url": endpoint, "flags": 0,
		"approximate_guild_count": 1,
	})
}

func (s *Server) gatewayAddress(*http.Request, []byte) reply {
	return ok(map[string]any{"url": s.GatewayURL()})
}

func (s *Server) gatewayBot(*http.Request, []byte) reply {
	s.gateway.renew(s.cfg.Now())
	return ok(map[string]any{
		"url": s.GatewayURL(), "shards": 1,
		"session_start_limit": map[string]any{
			"total": s.cfg.SessionStarts, "remaining": max(s.cfg.SessionStarts-s.gateway.starts, 0),
			"reset_after": max(s.gateway.day.Add(sessionDay).Sub(s.cfg.Now()), 0).Milliseconds(), "max_concurrency": 1,
		},
	})
}
