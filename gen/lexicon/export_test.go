package lexicon

// FormatNames are the formats that are registered for the schema.
func FormatNames() map[string]bool {
	names := map[string]bool{}
	for name := range formats {
		names[name] = true
	}
	return names
}

// Keys are the members that Lint knows for each type.
func Keys() map[string][]string { return keys }
