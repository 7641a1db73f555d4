"""The figures that we claim, each measured in one run beside what it is compared with."""
