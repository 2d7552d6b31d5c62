//! `color_jitter`: brightness, contrast, saturation and hue of the images of a batch, each with its
//! own factors and order, by torchvision's formulas.

use std::hash::Hasher;

use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result, shader};

const NAME: &str = "color_jitter";

/// A color adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Adjust {
    /// Multiplies every channel by the factor.
    Brightness = 0,
    /// Scales the distance from the image's mean gray by the factor.
    Contrast = 1,
    /// Scales the distance from the pixel's gray by the factor.
    Saturation = 2,
    /// Shifts the hue by this fraction of the color circle.
    Hue = 3,
}

impl Adjust {
    const ALL: [Self; 4] = [Self::Brightness, Self::Contrast, Self::Saturation, Self::Hue];

    /// Returns the integer that encodes adjustments in this order, at most four.
    pub fn order(changes: &[Self]) -> i32 {
        let code = |i: usize| changes.get(i).map_or(NOTHING, |change| *change as i32);
        (0..4).map(|i| code(i) << (4 * i)).sum()
    }

    fn of_order(order: i32) -> impl Iterator<Item = Self> {
        (0..4).filter_map(move |i| Self::ALL.get((order >> (4 * i) & 15) as usize).copied())
    }
}

/// Code for the end of an order.
const NOTHING: i32 = 15;

#[derive(Debug)]
struct ColorJitter;

impl Function for ColorJitter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Err(Error::value(NAME, "has no derivative: it is for images on their way into a network"))
    }
}

impl Op for ColorJitter {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (input, factors, orders) = (&operands[0], &operands[1], &operands[2]);
        let n = match *input.shape {
            [n, 1 | 3, _, _] if input.dtype.is_float() => n,
            _ => {
                let rule = format!("expected float images of 1 or 3 channels [N, C, H, W], got {}", input.shape);
                return Err(Error::shape(NAME, rule));
            }
        };
        if *factors.shape != [n, 4] || factors.dtype != DType::F32 || *orders.shape != [n] || orders.dtype != DType::I32
        {
            let rule = format!(
                "expected factors of shape [{n}, 4] in f32 and orders of shape [{n}] in i32, got {} and {}",
                factors.shape, orders.shape
            );
            return Err(Error::shape(NAME, rule));
        }
        Ok(input.clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

fn clamp<T: Float>(x: T) -> T {
    x.max(T::zero()).min(T::one())
}

fn gray<T: Float>([r, g, b]: [T; 3]) -> T {
    T::c(0.2989) * r + T::c(0.587) * g + T::c(0.114) * b
}

fn blend<T: Float>(rgb: [T; 3], other: T, factor: T) -> [T; 3] {
    rgb.map(|x| clamp(factor * x + (T::one() - factor) * other))
}

/// Shifts the hue of a color, in HSV space.
fn shift_hue<T: Float>([r, g, b]: [T; 3], by: T) -> [T; 3] {
    let (one, max, min) = (T::one(), r.max(g).max(b), r.min(g).min(b));
    let range = max - min;
    if range == T::zero() {
        return [r, g, b];
    }
    let saturation = range / max;
    let [rc, gc, bc] = [r, g, b].map(|x| (max - x) / range);
    let sixths = if max == r {
        bc - gc
    } else if max == g {
        T::c(2.0) + rc - bc
    } else {
        T::c(4.0) + gc - rc
    };
    let hue = sixths / T::c(6.0) + by;
    let hue = (hue - hue.floor()) * T::c(6.0);
    let part = hue - hue.floor();
    let [p, q, t] = [saturation, saturation * part, saturation * (one - part)].map(|s| clamp(max * (one - s)));
    match hue.floor().to_f64() as usize % 6 {
        0 => [max, t, p],
        1 => [q, max, p],
        2 => [p, max, t],
        3 => [p, q, max],
        4 => [t, p, max],
        _ => [max, p, q],
    }
}

fn adjust<T: Float>(change: Adjust, rgb: [T; 3], factors: &[f32], mean: T, color: bool) -> [T; 3] {
    let factor = T::c(f64::from(factors[change as usize]));
    match change {
        Adjust::Brightness => blend(rgb, T::zero(), factor),
        Adjust::Contrast => blend(rgb, mean, factor),
        Adjust::Saturation if color => blend(rgb, gray(rgb), factor),
        Adjust::Hue if color => shift_hue(rgb, factor),
        // A gray image has neither, as in torchvision.
        Adjust::Saturation | Adjust::Hue => rgb,
    }
}

impl FloatKernel for ColorJitter {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let input = operands[0].contiguous::<T>()?;
        let (factors, orders) = (operands[1].contiguous::<f32>()?, operands[2].contiguous::<i32>()?);
        let shape = &operands[0].layout.shape;
        let (channels, plane) = (shape[1], shape[2] * shape[3]);
        let color = channels == 3;
        if plane == 0 {
            return Ok(());
        }
        for (n, (image, out)) in
            input.chunks_exact(channels * plane).zip(output.chunks_exact_mut(channels * plane)).enumerate()
        {
            let factors = &factors[n * 4..n * 4 + 4];
            let pixel = |i: usize| [0, 1, 2].map(|c| image[if color { c * plane } else { 0 } + i]);
            let before = Adjust::of_order(orders[n]).take_while(|change| *change != Adjust::Contrast);
            let before: Vec<Adjust> = before.collect();
            let mean = (0..plane)
                .map(|i| {
                    let rgb = before.iter().fold(pixel(i), |rgb, c| adjust(*c, rgb, factors, T::zero(), color));
                    if color { gray(rgb) } else { rgb[0] }
                })
                .sum::<T>()
                / T::c(plane as f64);
            for i in 0..plane {
                let rgb = Adjust::of_order(orders[n]).fold(pixel(i), |rgb, c| adjust(c, rgb, factors, mean, color));
                for c in 0..channels {
                    out[c * plane + i] = rgb[c];
                }
            }
        }
        Ok(())
    }
}

impl Kernel for ColorJitter {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let shape = &output.shape;
        let (n, channels, plane) = (shape[0], shape[1], shape[2] * shape[3]);
        if n * plane == 0 {
            return Ok(Program::default());
        }
        let mut params: Vec<Param> = [n, channels, plane].into_iter().map(Param::from).collect();
        params.extend(operands.iter().map(|operand| Param::from(operand.layout.offset)));
        params.extend([Param::Word(0), Param::Word(0)]);
        let launch = |entry, means, groups| Launch {
            source: KernelSource::new(NAME, shader!("color_jitter")).entry(entry),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(2), means, Bind::Output],
            params: params.clone(),
            groups,
        };
        // One workgroup per image, then one thread per pixel.
        let means = launch("means", Bind::Scratch(0), groups_1d(n * 64, 64));
        let apply = launch("apply", Bind::Scratch(0), groups_1d(n * plane, 64));
        Ok(Program { launches: vec![means, apply], scratch: vec![n] })
    }
}

impl Tensor {
    /// Adjusts the colors of images (N×C×H×W, values 0 … 1, one or three channels). `factors` (N×4)
    /// are those of brightness, contrast, saturation and hue for each image; `orders` (N, i32) are
    /// their orders by [`Adjust::order`]. No gradient flows through.
    /// [ColorJitter](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html)
    ///
    /// ```
    /// use kindling::{ops::Adjust, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let image = Tensor::full([1, 3, 1, 1], 0.25, &cpu)?;
    /// let factors = Tensor::from_nested(&[[2.0_f32, 1.0, 1.0, 0.0]], &cpu)?;
    /// let orders = Tensor::from_nested(&[Adjust::order(&[Adjust::Brightness])], &cpu)?;
    /// let brighter = image.color_jitter(&factors, &orders)?;
    /// assert_eq!(brighter.flatten(0, -1)?.to_string(), "tensor([0.5000, 0.5000, 0.5000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Operands of other shapes or types.
    pub fn color_jitter(&self, factors: &Self, orders: &Self) -> Result<Self> {
        Self::call(ColorJitter, &[self, factors, orders])
    }
}
