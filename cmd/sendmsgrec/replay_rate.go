package main

import (
	"errors"
	"strconv"
	"strings"
)

// rateFlag is a number of events per second, given as 1000 or as 1000/s.
type rateFlag float64

// String implements pflag.Value.
func (r rateFlag) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) }

// Type implements pflag.Value.
func (r *rateFlag) Type() string { return "N/s" }

// Set implements pflag.Value.
func (r *rateFlag) Set(text string) error {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(n > 0 && n <= 1e9) {
		return errors.New("want events per second, like 1000 or 1000/s, more than 0 and at most 1e9")
	}
	*r = rateFlag(n)
	return nil
}
