//! Random flags for training, interruption, resumption and evaluation: the record equals what ran.

use std::fmt::Write as _;

use super::common::{Folder, of_kind};
use super::{coin, metrics};

/// Small random numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

#[test]
fn random_runs_record_what_ran() {
    let folder = Folder::new("random");
    folder.write("coin.csv", &coin(70, 9));
    let train = 56; // of 70 rows, with a fifth of each class kept for testing
    for case in 0..8 {
        let mut dice = Dice(case);
        let optimizer = dice.pick(&["sgd", "Adam", "adamw", "RMSprop", "nadam"]);
        let (lr, batch, seed) = (dice.pick(&[0.1, 0.01, 0.003]), dice.pick(&[7, 16, 64]), dice.below(1000));
        let (first, second) = (1 + dice.below(3), 1 + dice.below(3));
        let schedule = dice.pick(&["", "step:step_size=2:gamma=0.5", "cosine:T_max=7", "exponential:gamma=0.9"]);
        let loss = dice.pick(&["cross_entropy", "mse"]);
        let schedule_flag = if schedule.is_empty() { String::new() } else { format!("--schedule {schedule}") };
        let begin = folder.events(&format!(
            "train --device cpu --data coin.csv --preset mlp --optimizer {optimizer} --lr {lr} --batch-size {batch} \
             --seed {seed} --loss {loss} --epochs {first} --checkpoint-every {first} {schedule_flag} --out m{case}.safetensors \
             --json"
        ));
        // Some flags repeated, some changed, most taken from the checkpoint.
        let (lr2, batch2) = (dice.pick(&[lr, 0.02]), dice.pick(&[batch, 10]));
        let clip = dice.pick(&["", "--clip-grad-norm 0.5"]);
        let epochs = first + second;
        let mut flags = format!("--epochs {epochs} {clip}");
        if lr2 != lr || dice.below(2) == 0 {
            write!(flags, " --lr {lr2}").unwrap();
        }
        if batch2 != batch {
            write!(flags, " --batch-size {batch2}").unwrap();
        }
        let resumed = folder.events(&format!(
            "train --device cpu --resume m{case}.checkpoint.safetensors --out m{case}.safetensors --json {flags}"
        ));
        let context = format!("case {case}: {optimizer} {lr} {batch} {seed} {loss} {schedule}; {flags}");

        let out = format!("m{case}.safetensors");
        let (run, record) = folder.recorded(&out);
        let rate = |lr: f64, epoch: usize| run.schedule.as_ref().map_or(lr, |schedule| schedule.lr(lr, epoch as u64));
        let ran: Vec<f64> = [&begin, &resumed]
            .iter()
            .flat_map(|events| of_kind(events, "epoch"))
            .map(|epoch| epoch["lr"].as_f64().unwrap())
            .collect();
        for (epoch, ran) in ran.iter().enumerate() {
            let want = rate(if epoch < first { lr } else { lr2 }, epoch);
            assert!((ran - want).abs() < 1e-12, "{context}: epoch {} ran at {ran}, not {want}", epoch + 1);
        }
        let steps = of_kind(&begin, "step").len() + of_kind(&resumed, "step").len();
        assert_eq!(steps, first * usize::div_ceil(train, batch) + second * usize::div_ceil(train, batch2), "{context}");
        assert_eq!(run.optimizer.lr(), lr2, "{context}");
        assert_eq!((run.batch_size, run.epochs, run.seed), (batch2, epochs, seed as u64), "{context}");
        assert_eq!(run.clip_grad_norm, (!clip.is_empty()).then_some(0.5), "{context}");
        assert_eq!(kindling::json::to_value(&run.loss).unwrap()["name"], loss, "{context}");
        let changed = lr2 != lr || batch2 != batch || !clip.is_empty();
        assert_eq!(record.earlier.len(), usize::from(changed), "{context}: {record:?}");
        if let Some(earlier) = record.earlier.first() {
            assert_eq!((earlier.settings.optimizer.lr(), earlier.settings.batch_size), (lr, batch), "{context}");
            assert_eq!(earlier.until_step as usize, of_kind(&begin, "step").len(), "{context}");
        }
        assert_eq!((record.data.train.samples, record.selection.epoch), (train, epochs), "{context}");
        let done = resumed.last().unwrap();
        assert_eq!(
            metrics(&folder.last(&format!("eval --device cpu --json --model {out}")).0),
            metrics(done),
            "{context}"
        );
    }
}
