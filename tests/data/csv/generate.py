#!/usr/bin/env python3
"""Writes cases.json: random tables in many dialects, and what pandas.read_csv reads in them when it is told the dialect.

    python generate.py        needs pandas; the result is stored and the test `tables.rs` replays it

Kindling is not told the dialect: it has to find the delimiter, decimal sign, encoding, header, index column, label and
task by itself, and to read the same features and labels.
"""
import csv
import io
import json
import pathlib
import random

import pandas

NA = ["", "NA", "NaN", "nan", "null", "None", "#N/A", "<NA>", "N/A", "n/a", "NULL", "-nan", "1.#QNAN"]
WORDS = ["rose", "lily", "tulip", "Größe", "crème brûlée", "new york", "a-b", "O'Neil", "x/y", "daisy"]
TRICKY = ["a,b", "semi;colon", 'say "hi"', "two\nlines", "bar|red", "tab\there"]
LABELS = ["label", "Label", "CLASS", "target", "Species", "class label", "y", "category"]
NAMES = ["petal", "sepal length", "width (cm)", "x", "size", "area", "größe", "temp", "pH", "alcohol", "Height", "rpm"]


def number(r, kind, decimal):
    if kind == "integer":
        return str(r.randint(-500, 5000))
    if kind == "exponent":
        return f"{r.uniform(-9, 9):.3e}".replace(".", decimal)
    return f"{r.uniform(-100, 100):.{r.randint(1, 6)}f}".replace(".", decimal)


def label_cells(r, kind, rows, decimal):
    if kind == "words":
        classes = r.sample(WORDS, r.randint(2, 4)) + (r.sample(TRICKY, 1) if r.random() < 0.3 else [])
        cells = [classes[i % len(classes)] for i in range(rows)]
    elif kind == "codes":
        count, start = r.randint(2, 6), r.randint(0, 1)
        cells = [str(start + i % count) for i in range(rows)]
    elif kind == "spellings":
        cells = [r.choice(["1", "1.0", "01", "1e0"] if i % 2 else ["2", "2.0", "+2"]) for i in range(rows)]
        cells = [cell.replace(".", decimal) for cell in cells]
    elif kind == "truths":
        cells = [r.choice(["True", "true", "TRUE"] if i % 3 else ["False", "false"]) for i in range(rows)]
    else:
        cells = [number(r, "decimal", decimal) for i in range(rows)]
    r.shuffle(cells)
    return cells


def quantity(r, rows, decimal):
    return [f"{r.uniform(1000, 90000):.2f}".replace(".", decimal) for _ in range(rows)]


def case(seed):
    r = random.Random(seed)
    rows, width = r.randint(16, 28), r.randint(1, 4)
    sep = r.choice([",", ",", ";", ";", "\t", "|"])
    decimal = "," if sep != "," and r.random() < 0.5 else "."
    encoding = r.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"])
    header = r.choice(["names", "names", "names", "numbers", "none"])
    kind = r.choice(["words", "words", "codes", "spellings", "truths", "quantity"])
    columns = []
    for _ in range(width):
        of = r.choice(["decimal", "decimal", "integer", "exponent"])
        columns.append([number(r, of, decimal) for _ in range(rows)])
    if header == "names" and width > 2 and r.random() < 0.2:
        columns[1] = [r.choice(["True", "False"]) for _ in range(rows)]
    labels = quantity(r, rows, decimal) if kind == "quantity" else label_cells(r, kind, rows, decimal)
    names = r.sample(NAMES, width)
    if header == "numbers":
        names = [str(i) for i in range(width)]
    if header == "names" and r.random() < 0.2:
        names[0] = f"a{sep}b"
    place, label = width, "outcome of it"
    if header == "names" and r.random() < 0.7:
        label = r.choice(LABELS)
        place = r.choice([0, width]) if label == "y" else r.randint(0, width)
    elif header == "numbers":
        label = "label"
    elif header == "none" and kind in ("words", "truths"):
        place = r.randint(0, width)
    elif header == "none" and kind == "codes":
        place = r.choice([0, width])
    if header == "none" and kind == "codes" and place == 0 and width > 0:
        # Only decimals beside it: no other column looks like codes.
        columns = [[number(r, "decimal", decimal) for _ in range(rows)] for _ in range(width)]
    if r.random() < 0.4:
        for _ in range(r.randint(1, 4)):
            of = r.choice([*columns, labels])
            if of is not labels or kind != "truths":
                of[r.randint(1, rows - 1)] = r.choice(NA)
    columns.insert(place, labels)
    names.insert(place, label)
    index = header == "names" and r.random() < 0.25
    if index:
        order = list(range(rows))
        if r.random() < 0.5:
            r.shuffle(order)
        columns.insert(0, [str(i) for i in order])
        names.insert(0, "" if r.random() < 0.7 else "Unnamed: 0")
    quoting = csv.QUOTE_ALL if r.random() < 0.2 else csv.QUOTE_MINIMAL
    out = io.StringIO()
    end = r.choice(["\n", "\r\n"])
    writer = csv.writer(out, delimiter=sep, quoting=quoting, lineterminator=end)
    if header != "none":
        writer.writerow(names)
    for row in zip(*columns):
        writer.writerow(row)
        if r.random() < 0.01:
            out.write(end)
    text = out.getvalue()
    spaces = quoting == csv.QUOTE_MINIMAL and sep == "," and '"' not in text and r.random() < 0.3
    if spaces:
        text = text.replace(",", ", ")
    if encoding == "cp1252":
        text = text.encode("cp1252", "ignore").decode("cp1252")
    data = text.encode(encoding)
    table = pandas.read_csv(
        io.BytesIO(data), sep=sep, decimal=decimal, encoding=encoding, skipinitialspace=spaces,
        header=None if header == "none" else 0, index_col=0 if index else None,
    )
    if header == "none":
        table.columns = [f"column {i + 1}" for i in range(len(names))]
        label = f"column {place + 1}"
    features = [name for name in table.columns if name != label]
    table = table.dropna()
    values = table[features].astype(float).to_numpy().tolist()
    expected = {"features": features, "label": label, "header": header != "none", "values": values}
    if kind == "quantity":
        expected["targets"] = table[label].astype(float).tolist()
    else:
        kinds = sorted(table[label].unique())
        expected["classes"] = len(kinds)
        expected["labels"] = [kinds.index(value) for value in table[label]]
        if kind == "words":
            expected["names"] = kinds
    about = f"{seed}: sep {sep!r}, decimal {decimal!r}, {encoding}, header {header}, label {kind} at {place}, index {index}"
    return {"about": about, "bytes": data.decode("latin-1"), "expected": expected}


def main():
    cases = [case(seed) for seed in range(200)]
    path = pathlib.Path(__file__).with_name("cases.json")
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
