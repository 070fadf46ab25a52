"""bench/report: what it makes of results. Usage: report_test.py FOLDER-OF-REPORT [unittest options]"""

import contextlib
import io
import json
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, sys.argv.pop(1))
import compare  # noqa: E402
import report  # noqa: E402
import tables  # noqa: E402
from join import join  # noqa: E402
from plot import Plot, Point, Scale, Series  # noqa: E402
from results import Results, duration, figure, median  # noqa: E402


def run(name="conns64-records1", gateway="cos-gateway", repetition=1, connections=64, rate=0,
        records="1", us_per_post=10, posts_per_s=1000, p99=500, missing=0):
    """Returns one run as cos-bench writes it, with what the tests look at."""
    return {
        "name": name, "command": "cos-bench suite", "repetition": repetition,
        "gateway": {"kind": gateway},
        "load": {"loop": "open" if rate else "closed", "connections": connections, "depth": 1,
                 "rate": rate, "records_per_post": records},
        "sink": {"latency_us": 0, "fail_share": 0},
        "result": {"posts": 1000, "records": 1000, "errors": {}, "posts_per_s": posts_per_s,
                   "latency_us": {"p50": 100, "p99": p99}, "histogram": [[90, 5], [110, 15]],
                   "cpu": {"us_per_post": us_per_post, "us_per_record": us_per_post},
                   "resident_bytes": {"idle": 1048576, "peak": 2097152}, "missing": missing},
    }


def document(*runs, **more):
    return {
        "schema": 1,
        "program": {"version": "1.2.3"},
        "machine": {"cpu": "CPU", "cores": 2, "kernel": "6.1"},
        "at": "2026-01-02T03:04:05Z",
        "runs": list(runs),
        **more,
    }


def results(*runs, **more):
    return Results(document(*runs, **more))


class ResultsTest(unittest.TestCase):
    def test_gathers_the_repetitions_of_a_load_by_gateway(self):
        groups = results(
            run(us_per_post=12), run(gateway="nginx", us_per_post=90), run(gateway="floor", us_per_post=8),
            run(repetition=2, us_per_post=10), run(repetition=3, us_per_post=11), run(records="10"),
        ).groups
        self.assertEqual([str(group.load) for group in groups],
                         ["64 connections, 1 record a post", "64 connections, 10 records a post"])
        self.assertEqual([cell.gateway for cell in groups[0].cells], ["cos-gateway", "floor", "nginx"])
        cell = groups[0].cells[0]
        self.assertEqual(len(cell.runs), 3)
        self.assertEqual(cell.median("us_per_post"), 11)
        self.assertEqual((cell.least("us_per_post"), cell.most("us_per_post")), (10, 12))
        self.assertAlmostEqual(cell.spread("us_per_post"), 2 / 11)
        self.assertEqual(groups[1].load.records_per_post, 10)

    def test_keeps_scenarios_apart_that_have_the_same_load(self):
        self.assertEqual([group.name for group in results(run(), run("long-keys")).groups],
                         ["conns64-records1", "long-keys"])

    def test_compares_within_a_repetition_because_a_machine_drifts(self):
        # The second repetition ran on a machine half as fast.
        group = results(
            run(us_per_post=12), run(gateway="floor", us_per_post=10),
            run(repetition=2, us_per_post=24), run(gateway="floor", repetition=2, us_per_post=20),
        ).groups[0]
        self.assertEqual(group.of("cos-gateway").ratio(group.of("floor"), "us_per_post"), 1.2)

    def test_has_no_ratio_without_a_common_repetition(self):
        group = results(run(), run(gateway="floor", repetition=2)).groups[0]
        self.assertEqual(group.of("cos-gateway").ratio(group.of("floor"), "us_per_post"), 0)

    def test_adds_histograms_up(self):
        cell = results(run(), run(repetition=2)).groups[0].cells[0]
        self.assertEqual(cell.histogram(), {90: 10, 110: 30})

    def test_takes_the_mean_of_a_distribution_of_records(self):
        one = run(records="uniform:1-5")
        one["result"]["records"] = 3000
        load = results(one).groups[0].load
        self.assertEqual(load.records_per_post, 3)
        self.assertEqual(str(load), "64 connections, uniform:1-5 records a post")

    def test_reads_whatever_is_there(self):
        for text in ("null", "[]", "{}", '{"runs":[{}]}', '{"runs":[null,7]}',
                     '{"runs":[{"result":{"histogram":[1,[2],[3,"x"]],"errors":5}}]}',
                     '{"micro":{"subjects":[{}]},"instructions":[{}],"commands":[1]}'):
            with self.subTest(text):
                read = Results(json.loads(text))
                self.assertIn("</html>", report.page(read))
                self.assertIn("cos-gateway", tables.markdown(read))

    def test_names_each_command_once(self):
        self.assertEqual(results(run(), run(repetition=2), commands=["micro-bench"]).commands,
                         ["micro-bench", "cos-bench suite"])

    def test_the_median_is_the_middle_one_or_between_the_two(self):
        self.assertEqual([median(of) for of in ([], [3], [9, 1, 3], [4, 1, 9, 2])], [0, 3, 3, 3])


class CompareTest(unittest.TestCase):
    def change(self, changes, measure):
        return next(change for change in changes if change.measure == measure)

    def test_tells_better_from_worse_by_what_is_measured(self):
        changes = compare.compare(results(run(us_per_post=8, posts_per_s=700)),
                                  results(run(us_per_post=10, posts_per_s=1000)))
        self.assertEqual(self.change(changes, "CPU µs/post").verdict, "better")
        self.assertAlmostEqual(self.change(changes, "CPU µs/post").share, -0.2)
        self.assertEqual(self.change(changes, "posts/s").verdict, "worse")
        self.assertEqual(self.change(changes, "p99 µs").verdict, "same")

    def test_ignores_a_change_within_the_threshold(self):
        changes = compare.compare(results(run(us_per_post=10.9)), results(run(us_per_post=10)))
        self.assertEqual(self.change(changes, "CPU µs/post").verdict, "same")

    def test_widens_the_noise_by_the_spread_of_the_repetitions(self):
        spread = results(run(us_per_post=9), run(repetition=2, us_per_post=12), run(repetition=3, us_per_post=15))
        change = self.change(compare.compare(spread, results(run(us_per_post=10))), "CPU µs/post")
        self.assertAlmostEqual(change.share, 0.2)
        self.assertAlmostEqual(change.noise, 0.25)
        self.assertEqual(change.verdict, "same")

    def test_follows_an_open_loop_whose_rate_has_changed(self):
        changes = compare.compare(results(run("half-rate", rate=60000, p99=900)),
                                  results(run("half-rate", rate=50000, p99=500)))
        self.assertEqual(self.change(changes, "p99 µs").verdict, "worse")

    def test_matches_the_rates_of_a_load_by_their_order(self):
        changes = compare.compare(results(run("rate", rate=1000, p99=100), run("rate", rate=2000, p99=900)),
                                  results(run("rate", rate=1000, p99=100), run("rate", rate=2000, p99=100)))
        self.assertEqual([each.verdict for each in changes if each.measure == "p99 µs"], ["same", "worse"])

    def test_leaves_out_what_only_one_has(self):
        self.assertEqual(compare.compare(results(run("a")), results(run("b"))), [])
        self.assertEqual(compare.compare(results(run(gateway="node")), results(run(gateway="go"))), [])

    def test_takes_instructions_at_their_word(self):
        def counted(instructions, simdjson):
            part = {"name": "split", "items": 1, "instructions": instructions}
            return results(micro={"simdjson": simdjson, "subjects": [part]})

        changes = compare.compare(counted(1010, "haswell"), counted(1000, "haswell"))
        self.assertEqual(self.change(changes, "instructions/call").verdict, "worse")
        self.assertEqual(compare.compare(counted(1010, "icelake"), counted(1000, "haswell")), [])

    def test_shows_only_what_counts_unless_asked(self):
        changes = compare.compare(results(run(us_per_post=5)), results(run(us_per_post=10)))
        self.assertEqual(len(compare.table(changes, False).rows), 1)
        self.assertEqual(len(compare.table(changes, True).rows), len(changes))
        self.assertGreater(len(changes), 1)


class PageTest(unittest.TestCase):
    def some_results(self):
        return results(
            run(), run(gateway="floor"), run("conns64-records10", records="10", us_per_post=20),
            run("conns64-records10", gateway="floor", records="10"), run("rate", rate=1000),
            run("rate", rate=2000, posts_per_s=2000),
        )

    def test_has_a_plot_for_each_question_and_its_figures(self):
        page = report.page(self.some_results())
        self.assertIn("CPU per record by records in a post, 64 connections", page)
        self.assertIn("Latency by throughput at fixed rates", page)
        self.assertIn("% of posts took", page)
        self.assertIn("cos-gateway, 10 a post: 20.0 µs per record", page)
        self.assertNotIn("Against the previous run", page)
        self.assertEqual(page.count("<figure>"), page.count("</figure>"))
        self.assertNotIn("nan", page)
        self.assertNotIn('inf"', page)

    def test_folds_all_but_the_first_histograms(self):
        page = report.page(self.some_results())
        self.assertIn("<summary>2 more</summary>", page)

    def test_needs_nothing_from_anywhere(self):
        self.assertIsNone(re.search(r"(src|href)=|url\(|@import|https?://", report.page(self.some_results())))

    def test_escapes_what_it_is_given(self):
        evil = {"name": "<b>x</b>", "gateway": "<script>alert('&')</script>"}
        page = report.page(results(run(**evil), run(**evil, records="10")))
        self.assertNotIn("<script>alert", page)
        self.assertNotIn("<b>x", page)
        self.assertIn("&lt;script&gt;alert(&#x27;&amp;&#x27;)", page)

    def test_shows_what_has_changed(self):
        page = report.page(results(run(us_per_post=10)), results(run(us_per_post=20)))
        self.assertIn("Against the previous run", page)
        self.assertIn("-50.0 %", page)

    def test_a_logarithmic_scale_leaves_out_what_it_cannot_show(self):
        points = [Point(0, 1, "no", 1, 1), Point(1, 0, "no", 0, 0), Point(2, 3, "yes", 3, 3)]
        svg = Plot("t", Scale("x", True), Scale("y", True), [Series("s", 0, points)]).draw()
        self.assertNotIn('data-tip="no"', svg)
        self.assertIn('data-tip="yes"', svg)


class JoinTest(unittest.TestCase):
    def test_keeps_repetitions_of_different_suites_apart(self):
        first = document(run(us_per_post=12), run(gateway="floor", us_per_post=10))
        second = document(run(us_per_post=30), run(gateway="nginx", us_per_post=240))
        (group,) = Results(join([first, second])).groups
        product = group.of("cos-gateway")
        self.assertEqual(len(product.runs), 2)
        # Each only against those it took turns with.
        self.assertEqual(product.ratio(group.of("floor"), "us_per_post"), 1.2)
        self.assertEqual(group.of("nginx").ratio(product, "us_per_post"), 8)

    def test_puts_times_and_counts_of_a_part_together(self):
        times = {"benchmarks": [{"name": "split/1", "real_time": 1.5, "time_unit": "us"},
                                {"name": "store_append/1", "real_time": 2.0, "time_unit": "ms"}]}
        counts = {"simdjson": "haswell", "subjects": [{"name": "split/1", "items": 1, "instructions": 5760}]}
        count = {"gateway": "floor", "records_per_post": 1, "connections": 16, "per_post": 6400}
        joined = Results(join([document()], times, counts, {"counts": [count]}, ["micro-bench"]))
        self.assertEqual(joined.simdjson, "haswell")
        self.assertEqual([(part["name"], part["instructions"], part["nanoseconds"]) for part in joined.parts],
                         [("split/1", 5760, 1500), ("store_append/1", 0, 2e6)])
        self.assertEqual(joined.counts[0]["per_post"], 6400)
        self.assertEqual(joined.commands, ["micro-bench"])
        self.assertIn("1.2.3", joined.origin)

    def test_takes_every_suite_that_stands_behind_the_command_lines(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for gateway in ("floor", "nginx"):
                (folder / gateway).write_text(json.dumps(document(run(gateway=gateway))))
            report.main(["join", "-o", str(folder / "all"), "--command=first", "--command=second",
                         str(folder / "floor"), str(folder / "nginx")])
            joined = Results(json.loads((folder / "all").read_text()))
        self.assertEqual(joined.gateways(), ["floor", "nginx"])
        self.assertEqual(joined.commands, ["first", "second", "cos-bench suite"])


class CommandsTest(unittest.TestCase):
    def said(self, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            report.main(arguments)
        return out.getvalue()

    def test_each_reads_and_writes_files(self):
        with tempfile.TemporaryDirectory() as name:
            before, now, page = (str(pathlib.Path(name) / file) for file in ("before", "now", "page"))
            pathlib.Path(before).write_text(json.dumps(document(run(us_per_post=20))))
            pathlib.Path(now).write_text(json.dumps(document(run(us_per_post=10))))
            self.assertIn("## As fast as answers come", self.said("table", now))
            self.assertIn("4 figures compared, of them:", self.said("compare", before, now))
            self.assertIn("nothing has changed beyond the noise", self.said("compare", now, now))
            self.assertIn("| same ", self.said("compare", "--all", now, now))
            self.assertEqual(self.said("report", now, "--previous", before, "-o", page), page + "\n")
            self.assertIn("Against the previous run", pathlib.Path(page).read_text(encoding="utf-8"))

    def test_a_file_that_cannot_be_read_is_named(self):
        with tempfile.TemporaryDirectory() as name:
            broken = pathlib.Path(name) / "broken"
            broken.write_text("{")
            for path in (str(broken), str(broken) + ".none"):
                with self.assertRaises(SystemExit) as failed:
                    report.main(["table", path])
                self.assertIn(path, str(failed.exception))


class TableTest(unittest.TestCase):
    def test_pads_markdown_by_characters_not_bytes(self):
        table = tables.Table("", ["name", "µs"], 1, [["a|b", "1"], ["µ", "12,345"]])
        self.assertEqual(table.markdown(),
                         "| name |     µs |\n"
                         "|------|-------:|\n"
                         "| a\\|b |      1 |\n"
                         "| µ    | 12,345 |\n")

    def test_says_once_what_rows_have_in_common(self):
        rows = [["a", "x", "g", "1"], ["a", "x", "h", "2"], ["b", "x", "g", "3"]]
        html = tables.Table("", ["run", "load", "gateway", "n"], 3, rows).html()
        self.assertIn('<td rowspan="2">a</td><td rowspan="2">x</td><td>g</td>', html)
        self.assertIn('<td rowspan="1">b</td><td rowspan="1">x</td>', html)

    def column(self, table, name):
        return [row[table.columns.index(name)] for row in table.rows]

    def test_an_open_loop_shows_what_a_gateway_adds_repetition_by_repetition(self):
        direct = [run("rate", "direct", n, rate=1000, p99=p99) for n, p99 in ((1, 100), (2, 5000), (3, 100))]
        product = [run("rate", repetition=n, rate=1000, p99=p99) for n, p99 in ((1, 400), (2, 5400), (3, 9000))]
        table = tables.open_loops(results(*direct, *product))
        self.assertEqual(self.column(table, "gateway"), ["cos-gateway", "direct"])
        self.assertEqual(self.column(table, "p99 added"), ["400 µs", "-"])

    def test_shows_what_each_form_costs_by_the_plain_one_that_took_turns_with_it(self):
        runs = [
            run(f"production-records{records}", gateway, repetition, records=records, us_per_post=cost * slow)
            for repetition, slow in ((1, 1), (2, 2))
            for records, cost in (("1", 10), ("100", 2))
            for gateway, cost in (("cos-gateway", cost), ("cos-gateway, TLS, signed", 1.5 * cost))
        ]
        table = tables.production(results(*runs))
        self.assertEqual(self.column(table, "form"), ["plain", "TLS, signed"])
        self.assertEqual(table.rows[1], ["TLS, signed", "22.5", "1.50x", "4.50", "1.50x"])
        self.assertEqual(tables.closed_loops(results(*runs)).rows, [])

    def test_counts_handshakes_by_cpu_time_and_compares_them_with_other_servers(self):
        runs = [run("handshakes-P-256-resumed", gateway, us_per_post=cost)
                for gateway, cost in (("cos-gateway", 200), ("nginx", 250))]
        table = tables.handshakes(results(*runs))
        self.assertEqual(table.columns, ["key", "cos-gateway", "nginx", "cos-gateway / nginx"])
        self.assertEqual(table.rows, [["P-256, resumed", "5,000", "4,000", "1.25x"]])

    def test_shows_what_was_spooled_and_replayed_by_load(self):
        spool = [{"scenario": "spool-rate", "numbers": {"posts of 1, 64 connections: spooled records/s": 1234.5,
                                                        "posts of 1, 64 connections: records/commit": 2}},
                 {"scenario": "replay-rate", "numbers": {"posts of 1: share of delivery": 1.5}}]
        joined = Results(join([document(run())], spool=spool))
        self.assertEqual(tables.spooling(joined).rows[0][:3], ["posts of 1, 64 connections", "1,234", "2.00"])
        self.assertEqual(self.column(tables.replay(joined), "share of delivery"), ["1.50"])

    def test_without_a_load_that_meets_no_gateway_nothing_is_said_to_be_added(self):
        table = tables.open_loops(results(run("rate", rate=1000)))
        self.assertEqual(self.column(table, "p99 added"), ["-"])

    def test_figures_show_three_digits_that_matter(self):
        said = {0: "0", 0.01234: "0.0123", 1.234: "1.23", 12.34: "12.3", 9.996: "10.0", 99.99: "100",
                123.4: "123", 1234567: "1,234,567"}
        self.assertEqual({value: figure(value) for value in said}, said)
        said = {12.34: "12.3 µs", 1234: "1.23 ms", 2.5e6: "2.50 s"}
        self.assertEqual({value: duration(value) for value in said}, said)
        self.assertEqual(tables.mebibytes(3 << 20), "3.00")
        self.assertEqual([tables.times(ratio) for ratio in (1.234, 12.34, 0)], ["1.23x", "12.3x", "-"])


if __name__ == "__main__":
    unittest.main()
