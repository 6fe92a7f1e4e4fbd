package main

// least returns a subset of the candidates that suffices and of which nothing
// can be left out, given that all of them suffice and that more never does
// harm. Of two candidates that can stand for each other the earlier one is
// kept. It is QuickXplain (Junker 2004): for k of n it asks about k·log(n/k)
// times, not n.
func least[T any](candidates []T, suffices func([]T) bool) []T {
	if suffices(nil) {
		return nil
	}
	if n := sufficientPrefix(candidates, suffices); n < len(candidates) {
		candidates = candidates[:n]
	}
	return explain(nil, false, candidates, suffices)
}

// sufficientPrefix tries 2, 4, 8 ... of the candidates: what is needed mostly
// stands in front.
func sufficientPrefix[T any](candidates []T, suffices func([]T) bool) int {
	for n := 2; n < len(candidates); n *= 2 {
		if suffices(candidates[:n]) {
			return n
		}
	}
	return len(candidates)
}

// explain returns the least of the candidates that suffices beside what is
// given. grown says that given has grown since it was last found wanting.
func explain[T any](given []T, grown bool, candidates []T, suffices func([]T) bool) []T {
	if grown && suffices(given) {
		return nil
	}
	if len(candidates) <= 1 {
		return candidates // none: all were said to suffice, and do not any more
	}
	half := len(candidates) / 2
	first, second := candidates[:half], candidates[half:]
	needed := explain(join(given, first), true, second, suffices)
	return join(explain(join(given, needed), len(needed) > 0, first, suffices), needed)
}

func join[T any](a, b []T) []T { return append(a[:len(a):len(a)], b...) }
