"""`python -m bench`: every measure of the product, each as a ratio within one run."""

from bench import bench_live_path, bench_pages, bench_receiver, bench_simulators, bench_sweep


def main() -> None:
    """Print them one after the other."""
    for measure in (bench_receiver, bench_live_path, bench_sweep, bench_simulators, bench_pages):
        measure.main()


if __name__ == "__main__":
    main()
