"""Commands for what stands around the chapters: the address, the cover, the book on paper."""
