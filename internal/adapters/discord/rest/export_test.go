package rest

// Buckets is how many buckets the client remembers.
func (c *Client) Buckets() int {
	c.limits.mu.Lock()
	defer c.limits.mu.Unlock()
	return len(c.limits.buckets)
}
