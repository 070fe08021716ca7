package audit

// Kinds lists every kind of entry, in the order of a case's life.
func Kinds() []Kind {
	return []Kind{
		KindRefused, KindQuestion, KindClosed, KindBatch, KindIntent, KindUnknown, KindOutcome, KindLate,
		KindExpired, KindDrift, KindNote, KindLinked, KindUnlinked, KindRedacted,
	}
}
