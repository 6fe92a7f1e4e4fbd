package segment

// Summarizer builds a Summary from the items of a recording that its caller
// reads for another purpose too. All items must be added, in file order, from
// the first on. The zero value is not usable.
type Summarizer struct{ m *summarizer }

// NewSummarizer returns a Summarizer without items.
func NewSummarizer() *Summarizer { return &Summarizer{newSummarizer()} }

// Add adds the next item of Reader.Next. The summary refers to an *End.
func (s *Summarizer) Add(item Item) { s.m.add(item) }

// Finish returns the summary, once Next has returned io.EOF. Add must not
// follow it. Like Summarize it does not notice damaged columns.
func (s *Summarizer) Finish(r *Reader) *Summary { return s.m.finish(r) }
