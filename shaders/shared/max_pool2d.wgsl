// The parameters of the three kernels of max_pool2d.

struct Params {
    len: u32,
    unused: u32,
    offset: u32,
    index_offset: u32,
    height: u32,
    width: u32,
    out_height: u32,
    out_width: u32,
    kernel_h: u32,
    kernel_w: u32,
    stride_h: u32,
    stride_w: u32,
    padding_h: u32,
    padding_w: u32,
    dilation_h: u32,
    dilation_w: u32,
}
