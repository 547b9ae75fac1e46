//! A list of steps, groups and all, as a row of instructions: how far a call has come is one number, so that a
//! call which waits for keys goes on inside a group as well as anywhere.

use super::StepId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    Step(StepId),
    /// Goes on with the next instruction when the group's condition holds, else at `otherwise`; what cannot be
    /// decided, and is not enforced, goes on at `end`.
    Choose {
        group: StepId,
        otherwise: usize,
        end: usize,
    },
    Go(usize),
}

#[derive(Debug, Default)]
pub struct Code(Box<[Instruction]>);

/// A step and where it lies among groups, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub step: StepId,
    /// How many groups are around it.
    pub depth: usize,
    /// Whether it belongs to the `otherwise` of the innermost.
    pub otherwise: bool,
}

impl Code {
    pub fn at(&self, index: usize) -> Option<Instruction> {
        self.0.get(index).copied()
    }

    /// Every step in the order of the document.
    pub fn steps(&self) -> impl Iterator<Item = Placed> {
        // Each group around the present place: where its second half begins, and where it ends.
        let mut around: Vec<(usize, usize)> = Vec::new();
        self.0.iter().enumerate().filter_map(move |(index, instruction)| {
            around.retain(|(_, end)| index < *end);
            let depth = around.len();
            let otherwise = around.last().is_some_and(|(otherwise, _)| index >= *otherwise);
            match *instruction {
                Instruction::Step(step) => Some(Placed { step, depth, otherwise }),
                Instruction::Choose { group, otherwise: second, end } => {
                    around.push((second, end));
                    Some(Placed { step: group, depth, otherwise })
                }
                Instruction::Go(_) => None,
            }
        })
    }
}

#[derive(Debug, Default)]
pub struct CodeBuilder(Vec<Instruction>);

impl CodeBuilder {
    pub fn step(&mut self, step: StepId) {
        self.0.push(Instruction::Step(step));
    }

    /// A group whose halves `first` and `second` append.
    pub fn group<C>(
        &mut self,
        context: &mut C,
        group: StepId,
        first: impl FnOnce(&mut C, &mut Self),
        second: impl FnOnce(&mut C, &mut Self),
    ) {
        let choose = self.0.len();
        self.0.push(Instruction::Go(0));
        first(context, self);
        let go = self.0.len();
        self.0.push(Instruction::Go(0));
        let otherwise = self.0.len();
        second(context, self);
        let end = self.0.len();
        self.set(choose, Instruction::Choose { group, otherwise, end });
        self.set(go, Instruction::Go(end));
    }

    fn set(&mut self, index: usize, instruction: Instruction) {
        if let Some(place) = self.0.get_mut(index) {
            *place = instruction;
        }
    }

    pub fn finish(self) -> Code {
        Code(self.0.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_jumps_and_are_told_again() {
        let mut code = CodeBuilder::default();
        let id = StepId::new;
        code.step(id(0));
        code.group(&mut (), id(1), |(), code| code.step(id(2)), |(), code| code.step(id(3)));
        code.step(id(4));
        let code = code.finish();
        assert_eq!(code.at(1), Some(Instruction::Choose { group: id(1), otherwise: 4, end: 5 }));
        assert_eq!(code.at(3), Some(Instruction::Go(5)));
        let told: Vec<_> =
            code.steps().map(|placed| (placed.step.index(), placed.depth, placed.otherwise)).collect();
        assert_eq!(told, [(0, 0, false), (1, 0, false), (2, 1, false), (3, 1, true), (4, 0, false)]);
    }
}
