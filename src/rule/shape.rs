//! Checks the paths of an expression against the declared shape of the facts, which CEL itself has no checker for.

use std::collections::BTreeMap;

use cel::{
    IdedExpr,
    common::ast::{ComprehensionExpr, Expr, LiteralValue, operators},
};
use serde_json::Value;

use crate::facts::nearest::nearest_name;

/// The JSON Schema of a value, with the definitions that it refers to; nothing where it may be anything.
#[derive(Clone, Copy)]
struct Shape<'a> {
    schema: &'a Value,
    root: &'a Value,
}

type Scope<'a> = BTreeMap<String, Option<Shape<'a>>>;

/// Checks every path in an expression.
///
/// # Errors
/// Names the first fact that there is not, and the nearest.
pub fn check(expression: &IdedExpr, shape: &BTreeMap<&'static str, Value>) -> Result<(), String> {
    let scope = shape.iter().map(|(name, schema)| ((*name).to_owned(), Some(Shape { schema, root: schema }))).collect();
    visit(expression, &scope).map(|_| ())
}

// The shape of an expression's value, where it is known.
fn visit<'a>(expression: &IdedExpr, scope: &Scope<'a>) -> Result<Option<Shape<'a>>, String> {
    match &expression.expr {
        Expr::Ident(name) => match scope.get(name) {
            Some(shape) => Ok(*shape),
            None => Err(unknown(name, "", scope.keys())),
        },
        Expr::Select(select) => {
            let Some(shape) = visit(&select.operand, scope)? else { return Ok(None) };
            shape.property(&select.field).map_err(|known| {
                let path = path_of(&select.operand.expr).unwrap_or_else(|| "…".to_owned());
                unknown(&select.field, &format!("{path}."), known.iter())
            })
        }
        Expr::Call(call) => {
            call.target.iter().try_for_each(|target| visit(target, scope).map(drop))?;
            let args = call.args.iter().map(|argument| visit(argument, scope)).collect::<Result<Vec<_>, _>>()?;
            check_pattern(&call.func_name, &call.args)?;
            // `a ? b : c` has the shape of b, `list[0]` that of an item; other calls make plain values.
            match call.func_name.as_str() {
                operators::CONDITIONAL => Ok(args.get(1).copied().flatten()),
                operators::INDEX => Ok(args.first().copied().flatten().and_then(Shape::item)),
                _ => Ok(None),
            }
        }
        Expr::Comprehension(comprehension) => visit_comprehension(comprehension, scope),
        Expr::List(list) => {
            for element in &list.elements {
                visit(element, scope)?;
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn check_pattern(function: &str, arguments: &[IdedExpr]) -> Result<(), String> {
    let sought = arguments.last().map(|argument| &argument.expr);
    match sought {
        Some(Expr::Literal(LiteralValue::String(text))) if function == "matches" => {
            super::language::pattern(text.inner())
                .map(drop)
                .map_err(|error| format!("{:?} is no pattern: {error}", text.inner()))
        }
        _ => Ok(()),
    }
}

fn visit_comprehension<'a>(comprehension: &ComprehensionExpr, scope: &Scope<'a>) -> Result<Option<Shape<'a>>, String> {
    let range = visit(&comprehension.iter_range, scope)?;
    let mut inner = scope.clone();
    inner.insert(comprehension.iter_var.clone(), range.and_then(Shape::item));
    if let Some(second) = &comprehension.iter_var2 {
        inner.insert(second.clone(), None);
    }
    inner.insert(comprehension.accu_var.clone(), None);
    for part in [&comprehension.accu_init, &comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
        visit(part, &inner)?;
    }
    Ok(None)
}

fn path_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", path_of(&select.operand.expr)?, select.field)),
        _ => None,
    }
}

fn unknown<'k>(name: &str, path: &str, known: impl Iterator<Item = &'k String>) -> String {
    let known: Vec<_> = known.collect();
    match nearest_name(name, &known) {
        Some(near) => format!("there is no fact {path}{name}; {path}{near} is near"),
        None => format!(
            "there is no fact {path}{name}; there are {}",
            known.into_iter().cloned().collect::<Vec<_>>().join(", ")
        ),
    }
}

impl<'a> Shape<'a> {
    // A struct's field; the names there are where it has no such one; nothing where it is a map or may be anything.
    fn property(self, name: &str) -> Result<Option<Shape<'a>>, Vec<String>> {
        let schema = self.resolved();
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(None) };
        match properties.get(name) {
            Some(schema) => Ok(Some(Shape { schema, root: self.root })),
            None => Err(properties.keys().cloned().collect()),
        }
    }

    fn item(self) -> Option<Shape<'a>> {
        let schema = self.resolved().get("items")?;
        Some(Shape { schema, root: self.root })
    }

    // References lead to the definitions; an optional fact is `anyOf` its shape and null.
    fn resolved(self) -> &'a Value {
        let mut schema = self.schema;
        for _ in 0..8 {
            let alternatives = schema.get("anyOf").and_then(Value::as_array);
            if let Some(found) =
                alternatives.and_then(|all| all.iter().find(|one| one.get("type") != Some(&"null".into())))
            {
                schema = found;
            } else if let Some(found) = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| self.root.pointer(path.trim_start_matches('#')))
            {
                schema = found;
            } else {
                break;
            }
        }
        schema
    }
}
