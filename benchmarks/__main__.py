"""python -m benchmarks <verb>: measure, report, publish. See --help."""

# asv imports this module while it looks for benchmarks, in an environment that has none of the tools.
if __name__ == "__main__":
    from .cli.main import main

    main()
