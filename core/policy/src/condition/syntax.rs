//! From text to the parser's tree, within bounds: the parser recurses over some forms without a limit of its
//! own, so the tokens are looked through before it runs. Knows no types.

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::parser::pratt_parser::{Lexer, TokenKind};
use cel::parser::{ParseErrors, PrattParser};

use super::ConditionFault;
use super::fault::FaultKind;

/// Longest source, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// Deepest tree that a source may have, parentheses, calls, members and operators all counted.
pub const MAX_DEPTH: usize = 64;

pub fn parse(source: &str) -> Result<IdedExpr, Vec<ConditionFault>> {
    if source.len() > MAX_LENGTH {
        let message = format!("the condition has {} bytes, more than {MAX_LENGTH}", source.len());
        return Err(vec![ConditionFault::new(FaultKind::TooLong, message)]);
    }
    if depth(source) > MAX_DEPTH {
        let message = format!("the condition is nested more than {MAX_DEPTH} deep");
        return Err(vec![
            ConditionFault::new(FaultKind::TooDeep, message).help("name parts of it under `conditions`"),
        ]);
    }
    parser().parse(source).map_err(|errors| faults(source, errors))
}

/// A chain of `&&` stays one node with many operands.
fn parser() -> PrattParser {
    PrattParser::new().max_recursion_depth(96).enable_variadic_operator_asts(true).error_reporting_limit(8)
}

/// An upper bound of the tree's depth: what nests at each open bracket, plus every `?`, which nests unseen.
fn depth(source: &str) -> usize {
    let mut lexer = Lexer::new(source);
    let mut levels: Vec<usize> = vec![0];
    let mut ternaries = 0usize;
    let mut deepest = 0;
    loop {
        use TokenKind::{
            TokAsterisk, TokColon, TokComma, TokDot, TokEnd, TokEqualEqual, TokError, TokExclamation,
            TokExclamationEqual, TokGreater, TokGreaterEqual, TokIn, TokLeftBrace, TokLeftBracket,
            TokLeftParen, TokLess, TokLessEqual, TokLogicalAnd, TokLogicalOr, TokMinus, TokPercent, TokPlus,
            TokQuestion, TokRightBrace, TokRightBracket, TokRightParen, TokSlash,
        };
        match lexer.lex().kind {
            // What is no token the parser reports.
            TokEnd | TokError => return deepest,
            TokLeftParen | TokLeftBracket | TokLeftBrace => {
                chain(&mut levels, 1);
                levels.push(0);
            }
            TokRightParen | TokRightBracket | TokRightBrace if levels.len() > 1 => {
                levels.pop();
            }
            TokComma | TokLogicalAnd | TokLogicalOr | TokColon => {
                if let Some(level) = levels.last_mut() {
                    *level = 0;
                }
            }
            TokQuestion => ternaries += 1,
            TokDot | TokPlus | TokMinus | TokAsterisk | TokSlash | TokPercent | TokEqualEqual
            | TokExclamationEqual | TokLess | TokLessEqual | TokGreater | TokGreaterEqual | TokIn
            | TokExclamation => chain(&mut levels, 1),
            _ => {}
        }
        deepest = deepest.max(levels.iter().sum::<usize>() + ternaries);
    }
}

fn chain(levels: &mut [usize], links: usize) {
    if let Some(level) = levels.last_mut() {
        *level += links;
    }
}

fn faults(source: &str, errors: ParseErrors) -> Vec<ConditionFault> {
    errors
        .errors
        .into_iter()
        .map(|error| {
            if error.msg.starts_with("unsupported syntax") {
                let message = "optional values (`.?`, `[?_]`, `?key: _`) are not supported";
                let mut fault = ConditionFault::new(FaultKind::Unsupported, message);
                fault.offset = offset_of_line(source, error.pos);
                return fault.help("ask with `has()` or `in`");
            }
            let message = error.msg.trim_start_matches("Syntax error: ").replace('\'', "`");
            let message = message.replace("mismatched input `<EOF>` expecting", "the text ends, expected");
            let mut fault = ConditionFault::new(FaultKind::Syntax, message);
            fault.offset = offset_of_line(source, error.pos);
            fault
        })
        .collect()
}

/// The parser tells line and column, both from 1, the column in bytes.
fn offset_of_line(source: &str, (line, column): (isize, isize)) -> Option<usize> {
    let skipped = usize::try_from(line).ok()?.checked_sub(1)?;
    let start: usize = source.split_inclusive('\n').take(skipped).map(str::len).sum();
    characters(source, start + usize::try_from(column).ok()?.checked_sub(1)?)
}

fn characters(source: &str, bytes: usize) -> Option<usize> {
    Some(source.get(..bytes)?.chars().count())
}

/// Where the expressions of a source stand. The parser keeps places only when it fails, so it is made to fail,
/// at the very end; this is paid only for a text that has a fault.
pub struct Places(Option<std::sync::Arc<SourceInfo>>);

impl Places {
    pub fn of(source: &str) -> Self {
        let failed = parser().parse(&format!("{source}\n)"));
        Self(failed.err().and_then(|errors| errors.errors.into_iter().find_map(|error| error.source_info)))
    }

    /// In characters of `source`.
    pub fn offset(&self, source: &str, expression: u64) -> Option<usize> {
        let (start, _) = self.0.as_ref()?.offset_for(expression)?;
        characters(source, usize::try_from(start).ok()?)
    }
}
