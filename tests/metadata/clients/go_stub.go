// Package servicestack is what the explorer's calls name of ServiceStack's Go client.
package servicestack

// Client sends requests.
type Client struct{}

// NewClient makes a client of an address.
func NewClient(string) *Client { return &Client{} }

// SetBearerToken signs in.
func (*Client) SetBearerToken(string) {}

// Send sends a request that is answered.
func Send[T any](*Client, interface{ CreateResponse() T }) (answer T, err error) { return }

// SendVoid sends a request that is not answered.
func SendVoid(*Client, interface{ CreateResponseVoid() }) error { return nil }
