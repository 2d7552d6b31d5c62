//! Changes of a model's layers, by path. Plain data, independent of the page.

use kindling::train::model::Kind;
use kindling::train::{LayerSpec, ModelSpec};

/// List of a block that contains a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Branch {
    /// Model's own list, a sequence's, a concatenation's, or a residual block's body.
    Main,
    /// A residual block's shortcut.
    Shortcut,
}

/// Path of a layer from the model's list, block by block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LayerPath(pub Vec<(Branch, usize)>);

impl LayerPath {
    /// Creates the path of a layer in the model's own list.
    #[cfg(test)]
    pub fn top(index: usize) -> Self {
        Self(vec![(Branch::Main, index)])
    }

    /// Returns a name for the page's elements: `0-1s-2`.
    pub fn key(&self) -> String {
        let step = |(branch, index): &(Branch, usize)| match branch {
            Branch::Main => index.to_string(),
            Branch::Shortcut => format!("{index}s"),
        };
        self.0.iter().map(step).collect::<Vec<_>>().join("-")
    }

    /// Returns the path of another index in the same list.
    pub fn at(&self, index: usize) -> Self {
        let mut path = self.clone();
        if let Some(last) = path.0.last_mut() {
            last.1 = index;
        }
        path
    }

    /// Returns its index in its list.
    pub fn index(&self) -> usize {
        self.0.last().map_or(0, |(_, index)| *index)
    }

    /// Returns `true` if this is the other path or lies within it.
    pub fn is_in(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

/// Returns the paths of all layers, in the order of a summary's rows.
pub fn paths(model: &ModelSpec) -> Vec<LayerPath> {
    let mut found = Vec::new();
    walk(&model.layers, &LayerPath::default(), Branch::Main, &mut found);
    found
}

fn walk(layers: &[LayerSpec], above: &LayerPath, branch: Branch, found: &mut Vec<LayerPath>) {
    for (index, layer) in layers.iter().enumerate() {
        let mut path = above.clone();
        path.0.push((branch, index));
        found.push(path.clone());
        match &layer.kind {
            Kind::Sequential(sequence) | Kind::Concat(sequence) => walk(&sequence.layers, &path, Branch::Main, found),
            Kind::Residual(branches) => {
                walk(&branches.body, &path, Branch::Main, found);
                walk(&branches.shortcut, &path, Branch::Shortcut, found);
            }
            _ => {}
        }
    }
}

fn inner(kind: &Kind, branch: Branch) -> Option<&Vec<LayerSpec>> {
    match (kind, branch) {
        (Kind::Sequential(sequence) | Kind::Concat(sequence), Branch::Main) => Some(&sequence.layers),
        (Kind::Residual(branches), Branch::Main) => Some(&branches.body),
        (Kind::Residual(branches), Branch::Shortcut) => Some(&branches.shortcut),
        _ => None,
    }
}

fn inner_mut(kind: &mut Kind, branch: Branch) -> Option<&mut Vec<LayerSpec>> {
    match (kind, branch) {
        (Kind::Sequential(sequence) | Kind::Concat(sequence), Branch::Main) => Some(&mut sequence.layers),
        (Kind::Residual(branches), Branch::Main) => Some(&mut branches.body),
        (Kind::Residual(branches), Branch::Shortcut) => Some(&mut branches.shortcut),
        _ => None,
    }
}

/// Returns the layer at a path.
pub fn layer<'a>(model: &'a ModelSpec, path: &LayerPath) -> Option<&'a LayerSpec> {
    list(model, path)?.get(path.index())
}

/// Returns the list that contains a path.
pub fn list<'a>(model: &'a ModelSpec, path: &LayerPath) -> Option<&'a Vec<LayerSpec>> {
    let mut list = &model.layers;
    for pair in path.0.windows(2) {
        list = inner(&list.get(pair[0].1)?.kind, pair[1].0)?;
    }
    Some(list)
}

fn list_mut<'a>(model: &'a mut ModelSpec, path: &LayerPath) -> Option<&'a mut Vec<LayerSpec>> {
    let mut list = &mut model.layers;
    for pair in path.0.windows(2) {
        list = inner_mut(&mut list.get_mut(pair[0].1)?.kind, pair[1].0)?;
    }
    Some(list)
}

/// Replaces the kind of a layer; its name stays.
pub fn set_kind(model: &mut ModelSpec, path: &LayerPath, kind: Kind) -> Option<()> {
    list_mut(model, path)?.get_mut(path.index())?.kind = kind;
    Some(())
}

/// Removes a layer.
pub fn remove(model: &mut ModelSpec, path: &LayerPath) -> Option<LayerSpec> {
    let list = list_mut(model, path)?;
    (path.index() < list.len()).then(|| list.remove(path.index()))
}

/// Inserts a layer before a path, or at the end of its list. Its name is changed if it is in use.
pub fn insert(model: &mut ModelSpec, path: &LayerPath, mut layer: LayerSpec) -> Option<()> {
    let list = list_mut(model, path)?;
    layer.name = layer.name.map(|name| free_name(list, &name));
    list.insert(path.index().min(list.len()), layer);
    Some(())
}

/// Inserts a layer into the model's own list before its classifier, the last linear layer: at the
/// last index at which all shapes fit, or else right before the classifier. Sizes that follow from
/// the input are fitted.
pub fn insert_fitting(model: &mut ModelSpec, layer: LayerSpec) -> Option<LayerPath> {
    let last_linear = model.layers.iter().rposition(|layer| matches!(layer.kind, Kind::Linear(_)));
    let head = last_linear.unwrap_or(model.layers.len());
    let at = |index: usize| {
        let path = LayerPath(vec![(Branch::Main, index)]);
        let mut changed = model.clone();
        insert(&mut changed, &path, layer.clone())?;
        Some((path, changed.fitted()))
    };
    let fitting = (0..=head).rev().filter_map(at).find(|(_, changed)| changed.summary().error.is_none());
    let (path, changed) = fitting.or_else(|| at(head))?;
    *model = changed;
    Some(path)
}

/// Inserts a copy of a layer after it.
pub fn duplicate(model: &mut ModelSpec, path: &LayerPath) -> Option<LayerPath> {
    let copy = layer(model, path)?.clone();
    let after = path.at(path.index() + 1);
    insert(model, &after, copy)?;
    Some(after)
}

/// Moves a layer up (−1) or down (+1) within its list.
pub fn shift(model: &mut ModelSpec, path: &LayerPath, by: isize) -> Option<LayerPath> {
    let list = list_mut(model, path)?;
    let to = path.index().checked_add_signed(by).filter(|to| *to < list.len())?;
    list.swap(path.index(), to);
    Some(path.at(to))
}

/// Moves a layer before or after another, possibly in another list; not into itself.
pub fn move_layer(model: &mut ModelSpec, from: &LayerPath, to: &LayerPath, after: bool) -> Option<()> {
    if to.is_in(from) {
        return None;
    }
    let mut target = to.at(to.index() + usize::from(after));
    let layer = remove(model, from)?;
    // Indices after it in its list have decreased by one, also on the path to the target.
    let depth = from.0.len() - 1;
    if target.0.len() > depth && target.0[..depth] == from.0[..depth] {
        let (branch, index) = target.0[depth];
        if branch == from.0[depth].0 && index > from.index() {
            target.0[depth].1 -= 1;
        }
    }
    insert(model, &target, layer)
}

/// Returns a name that no layer of a list has: `conv2` after `conv1`.
fn free_name(list: &[LayerSpec], wanted: &str) -> String {
    let is_used = |name: &str| list.iter().enumerate().any(|(i, layer)| layer.name_at(i) == name);
    if wanted.is_empty() || !is_used(wanted) {
        return wanted.to_owned();
    }
    let stem = wanted.trim_end_matches(|c: char| c.is_ascii_digit());
    (1..).map(|n| format!("{stem}{n}")).find(|name| !is_used(name)).unwrap_or_default()
}

/// Returns the first change that `fitted` makes: `in_features to 256`, and its path.
pub fn first_difference(model: &ModelSpec, fitted: &ModelSpec) -> Option<(LayerPath, String)> {
    paths(model).into_iter().find_map(|path| {
        let (is, should) = (layer(model, &path)?.kind.arguments(), layer(fitted, &path)?.kind.arguments());
        let (name, value) = should.iter().find(|(name, value)| is.get(*name) != Some(*value))?;
        Some((path, format!("{name} to {value}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "conv1: Conv2d(3, 6, 5)\nReLU()\nlayer1: Sequential {\n Residual {\n  ReLU()\n } shortcut {\n  \
                        Identity()\n }\n}\nfc: Linear(4, 2)";

    fn model() -> ModelSpec {
        ModelSpec::from_text("m", &[3, 8, 8], TEXT).expect("the text is well formed")
    }

    fn kinds(model: &ModelSpec) -> Vec<String> {
        paths(model).iter().filter_map(|p| layer(model, p)).map(|l| l.kind.name().to_owned()).collect()
    }

    #[test]
    fn paths_follow_the_order_of_the_text() {
        let model = model();
        assert_eq!(kinds(&model), ["Conv2d", "ReLU", "Sequential", "Residual", "ReLU", "Identity", "Linear"]);
        let keys: Vec<String> = paths(&model).iter().map(LayerPath::key).collect();
        assert_eq!(keys, ["0", "1", "2", "2-0", "2-0-0", "2-0-0s", "3"]);
        let lines = ModelSpec::parse(TEXT).expect("well formed").lines;
        assert_eq!(lines, [1, 2, 3, 4, 5, 7, 10]);
    }

    #[test]
    fn copies_get_unique_names() {
        let mut model = model();
        let path = duplicate(&mut model, &LayerPath::top(0)).expect("there is a layer");
        assert_eq!(layer(&model, &path).and_then(|l| l.name.as_deref()), Some("conv2"));
    }

    #[test]
    fn a_layer_is_added_where_it_fits_before_the_classifier() {
        let text = "Conv2d(3, 6, 5)\nReLU()\nFlatten()\nfc1: Linear(96, 20)\nReLU()\nfc2: Linear(20, 10)";
        let added = |layer: &str| {
            let mut model = ModelSpec::from_text("m", &[3, 8, 8], text).expect("the text is well formed");
            let layer = ModelSpec::from_text("m", &[1], layer).expect("a layer").layers.remove(0);
            let path = insert_fitting(&mut model, layer).expect("there is a list");
            assert_eq!(model.summary().error, None);
            assert_eq!(model.summary().output, Some(vec![10]));
            path
        };
        assert_eq!(added("Conv2d(16, 16, 3, padding=1)"), LayerPath::top(2));
        assert_eq!(added("MaxPool2d(2)"), LayerPath::top(2));
        assert_eq!(added("Linear(64, 10)"), LayerPath::top(5));
        assert_eq!(added("Dropout()"), LayerPath::top(5));
    }

    #[test]
    fn layers_move_within_their_list() {
        let mut model = model();
        assert_eq!(shift(&mut model, &LayerPath::top(0), -1), None);
        assert_eq!(shift(&mut model, &LayerPath::top(0), 1), Some(LayerPath::top(1)));
        assert_eq!(kinds(&model)[..2], ["ReLU", "Conv2d"]);
    }

    #[test]
    fn layers_are_moved_into_and_out_of_blocks() {
        let mut changed = model();
        let body = LayerPath(vec![(Branch::Main, 2), (Branch::Main, 0), (Branch::Main, 0)]);
        move_layer(&mut changed, &LayerPath::top(1), &body, true).expect("it may stand there");
        assert_eq!(kinds(&changed), ["Conv2d", "Sequential", "Residual", "ReLU", "ReLU", "Identity", "Linear"]);
        let mut whole = model();
        assert_eq!(move_layer(&mut whole, &LayerPath::top(2), &body, false), None);
        assert_eq!(whole, model());
        move_layer(&mut whole, &body, &LayerPath::top(3), true).expect("it may stand at the end");
        assert_eq!(kinds(&whole), ["Conv2d", "ReLU", "Sequential", "Residual", "Identity", "Linear", "ReLU"]);
    }

    #[test]
    fn the_fix_is_named() {
        let unfitted = ModelSpec::from_text("m", &[1, 4, 4], "Flatten()\nLinear(5, 2)").expect("well formed");
        let (path, text) = first_difference(&unfitted, &unfitted.fitted()).expect("it does not fit");
        assert_eq!((path, text.as_str()), (LayerPath::top(1), "in_features to 16"));
        assert_eq!(first_difference(&unfitted.fitted(), &unfitted.fitted()), None);
    }
}
