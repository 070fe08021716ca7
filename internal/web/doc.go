// Package web holds what modbot shows over HTTP of itself, and the servers that
// everything over HTTP is behind.
//
// The model: there are two listeners. The public one has what the platforms
// call (Public): each platform's handler below its own path, behind one limit
// on bodies, and nothing else. The admin one (Admin) is for whoever runs modbot
// and need not be reachable from outside:
//
//	/healthz  the process lives
//	/readyz   the ledger can be read and a platform works; how each is
//	/metrics  what Prometheus scrapes
//
// The invariants:
//
//   - A label of a metric has a bounded number of values, whatever comes in
//     from outside: see label.
//   - Nothing here waits without a bound: every server has all of net/http's
//     limits, and every question to the ledger a deadline.
//   - A platform that is down never makes modbot unready as long as another one
//     works: a load balancer that believed so would turn away the other, too.
//
// The package knows neither the platforms nor the ledger; both come in by small
// interfaces.
package web
