"""The page, understood: lines, stacks, columns, tables, and which rows are one text."""
