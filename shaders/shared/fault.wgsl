// Report of an index out of range by a kernel: `report_fault(params.site, index)`. The launch binds
// `Bind::Faults` as `var<storage, read_write> faults: array<atomic<u32>>` and passes the site as
// `Param::Fault`. The first report stays until the next read, which returns it as an error with the
// operation's name; the kernel itself skips the element.
// checked with: gather

fn report_fault(site: u32, index: i32) {
    loop {
        let first = atomicCompareExchangeWeak(&faults[0], 0u, site);
        if (first.exchanged) {
            atomicStore(&faults[1], bitcast<u32>(index));
            return;
        }
        // The exchange may fail spuriously; another report is a fault as well.
        if (first.old_value != 0u) {
            return;
        }
    }
}
