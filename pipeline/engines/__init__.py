"""What translates: one module an engine, all behind `dragoman.ports.Translator`."""
