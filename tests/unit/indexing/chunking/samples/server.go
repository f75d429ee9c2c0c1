package web

import "net/http"

// Limit is the largest body.
const Limit = 1 << 20

const (
	Idle = iota
	Busy
)

// Server answers requests.
type Server struct {
	addr string
}

type (
	ID   string
	Doer interface {
		Do() error
		Undo() error
		Redo() error
	}
)

// Run serves until the context ends.
// It blocks.
func (s *Server) Run(addr string) error {
	return http.ListenAndServe(addr, nil)
}

func (l *List[T]) Push(value T) {
	l.items = append(l.items, value)
}

func Map[K comparable, V any](values map[K]V) []K {
	return nil
}
