"""One module per stage: run(params, layout, …) reads files, calls one subject, writes files."""
