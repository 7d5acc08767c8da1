"""`openai`: any server that speaks OpenAI's chat completions, in the house or somebody's service.

`prompts` says what is sent (pure), `replies` reads what comes back (pure), `tags` writes our tags
as models keep them (pure), `wire` talks HTTP. `engine` is the `Translator`: it asks, looks over
each text, and asks again for those that failed.
"""
