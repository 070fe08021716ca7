// Package replicas runs several built modbots on one PostgreSQL, while they are
// killed and paused and the database goes away. It has tests and nothing else;
// `make test` runs a short form of each, `make replicas` the long one.
//
// The model: three `modbot serve` with one configuration stand between the
// simulated Tencent, a scripted Slack and a scripted Discord. Where platforms
// call them, a balancer hands each delivery to one that can be reached. People
// type a mute of one account each, some of them twice. In every round each
// modbot is killed once, and one is stopped past its leases: the one that is
// connected, where the platforms are connected to. At the end everything heals,
// what was begun is settled, and package proctest judges.
package replicas
