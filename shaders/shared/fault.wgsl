// How a kernel reports an index out of range: `report_fault(params.site, index)`. The launch binds `Bind::Faults` as
// `var<storage, read_write> faults: array<atomic<u32>>` and passes the site as `Param::Fault`. The first report stays
// until the next read, which returns it as an error with the operation's name; the kernel itself skips the element.
// joined with: gather

fn report_fault(site: u32, index: i32) {
    loop {
        let first = atomicCompareExchangeWeak(&faults[0], 0u, site);
        if (first.exchanged) {
            atomicStore(&faults[1], bitcast<u32>(index));
            return;
        }
        // The exchange may fail for no reason; another report is one.
        if (first.old_value != 0u) {
            return;
        }
    }
}
