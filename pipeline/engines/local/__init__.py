"""`local`: neural translation on this machine, with the models of Firefox and no network.

`folder` knows which models are there, `routes` how to get from one language to another with them,
`loading` runs one. What the model must not see is taken out of a text before it (`marked`,
`keeping`), put back after it (`standins`, `placing`), and the answer is looked over. `engine` is
the `Translator`.
"""
