"""Temporary: time every kernel with other tiles and numbers of warps. python -m benchmarks.attention_tuning"""
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from itertools import product
import torch, triton
import models.ops.attention_triton as A, models.ops.hidden_triton as Hd, models.ops.neighbours_triton as N, models.ops.cells_triton as S
from benchmarks.attention_kernels import SHAPES, time_call, measure_bandwidth
from tests.helpers.attention_parts import make_parts, differentiate

TILES = ((2, 2), (2, 4), (4, 4), (4, 8), (8, 8))
WARPS = (1, 2, 4, 8)
KERNELS = [(A, "_attend"), (A, "_attend_backward"), (Hd, "_sample"), (Hd, "_sample_backward"), (N, "_collect"), (S, "_sort")]
ORIGINAL = {(m, n): getattr(m, n) for m, n in KERNELS}
LAUNCHES = []

class Recorder:
    def __init__(self, name, fn): self.name, self.fn = name, fn
    def __getitem__(self, grid):
        def call(*arguments):
            LAUNCHES.append((self.name, self.fn, grid, arguments))
            self.fn[grid](*arguments)
        return call

def record(shape, batch, precision, tile, unroll):
    rows, columns = tile
    def tile_of(b, h, w): return rows, columns, b * triton.cdiv(h, rows) * triton.cdiv(w, columns)
    for m in (A, Hd, N): m.tile_of = tile_of
    N.UNROLL = unroll
    for (m, n), fn in ORIGINAL.items(): setattr(m, n, Recorder(n, fn))
    LAUNCHES.clear()
    found = []
    for part in make_parts(shape, batch, precision):
        LAUNCHES.clear()
        result = part.triton_form(*part.inputs)
        differentiate(part.trained_form, part.inputs, torch.randn_like(result))
        names = set()
        for name, fn, grid, arguments in LAUNCHES:
            if name == "_attend" and name in names: name = "_attend+fold"
            if name == "_sample" and name in names: continue
            names.add(name)
            found.append((f"{name}({part.name})" if name == "_collect" else name, fn, grid, arguments))
    return found

def variants(tile, unroll, found):
    for name, fn, grid, arguments in found:
        base = name.split("(")[0]
        if base == "_sort" and (tile != (4, 8) or unroll != 2): continue
        if base != "_collect" and unroll != 2: continue
        for warps in WARPS:
            positions = tile[0] * tile[1]
            if base != "_sort" and not 4 <= positions * 64 / (warps * 32) <= 128: continue
            yield name, fn, grid, arguments, warps

def compile_case(case):
    shape, tile, unroll, precision = case
    for _, fn, grid, arguments, warps in variants(tile, unroll, record(shape, 1, precision, tile, unroll)):
        fn[grid](*arguments, num_warps=warps)
    torch.cuda.synchronize()

def main():
    start = time.time()
    cases = [(s, t, u, torch.bfloat16) for s, t, u in product(SHAPES, TILES, (1, 2, 4))]
    with ProcessPoolExecutor(14, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(compile_case, cases))
    print(f"compiled in {time.time() - start:.0f} s", flush=True)
    log = open(os.path.join(os.environ.get("OUT", "."), "tuning.txt"), "w")
    print("bandwidth", measure_bandwidth(), file=log)
    for shape in SHAPES:
        for batch in (1, 8, 32):
            results = {}
            for tile, unroll in product(TILES, (1, 2, 4)):
                for name, fn, grid, arguments, warps in variants(tile, unroll, record(shape, batch, torch.bfloat16, tile, unroll)):
                    if time.time() - start > 75: print("out of time"); return
                    t = time_call(lambda: fn[grid](*arguments, num_warps=warps), graph=True)
                    results.setdefault(name, []).append((t, tile, warps, unroll))
            for name, values in results.items():
                values.sort(key=lambda v: v[0])
                line = f"{shape.name} C={shape.channels} {shape.size} k={shape.kernel} B={batch} {name}: "
                text = [f"{t:.1f}us {tile[0]}x{tile[1]}w{w}" + (f"u{u}" if "collect" in name else "") for t, tile, w, u in values]
                print(line + ", ".join(text), file=log, flush=True)
                print(line + ", ".join(text[:4]), flush=True)

if __name__ == "__main__":
    main()
