//! Expressions.

use std::rc::Rc;

use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, ExprCall, ExprCompare, Number, Parameters};

use super::class::{Body, Function, Scope};
use super::{Args, Error, Interpreter, Result, Value, builtins, dict, operators};

impl Interpreter {
    /// Evaluates an expression.
    pub(super) fn expression(&self, expression: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        Ok(match expression {
            Expr::Name(name) => {
                let found = scope.find(&name.id).or_else(|| builtins::find(&name.id));
                found.ok_or_else(|| Error::new(format!("name '{}' is not defined", name.id)))?
            }
            Expr::NumberLiteral(n) => match &n.value {
                Number::Int(int) => Value::Int(int.as_i64().ok_or_else(|| Error::unknown("an int beyond 64 bits"))?),
                Number::Float(x) => Value::Float(*x),
                Number::Complex { .. } => return Err(Error::unknown("a complex number")),
            },
            Expr::StringLiteral(s) => Value::Str(s.value.to_str().into()),
            Expr::BooleanLiteral(b) => Value::Bool(b.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::EllipsisLiteral(_) => Value::Ellipsis,
            Expr::Tuple(t) => Value::tuple(self.all(&t.elts, scope)?),
            Expr::List(l) => Value::list(self.all(&l.elts, scope)?),
            Expr::Dict(d) => {
                let mut pairs = Vec::new();
                for item in &d.items {
                    let value = self.expression(&item.value, scope)?;
                    match (&item.key, value) {
                        (Some(key), value) => pairs.push((self.expression(key, scope)?, value)),
                        (None, Value::Dict(other)) => pairs.extend(other.borrow().iter().cloned()),
                        (None, _) => return Err(Error::new("** in a dict needs a dict")),
                    }
                }
                dict(pairs)
            }
            Expr::Attribute(a) => {
                let object = self.expression(&a.value, scope)?;
                self.attribute(&object, &a.attr)?
            }
            Expr::Subscript(s) => {
                let object = self.expression(&s.value, scope)?;
                let index = self.expression(&s.slice, scope)?;
                self.item(&object, &index)?
            }
            Expr::Slice(s) => {
                let bound = |e: &Option<Box<Expr>>| e.as_ref().map_or(Ok(Value::None), |e| self.expression(e, scope));
                Value::Slice(Rc::new([bound(&s.lower)?, bound(&s.upper)?, bound(&s.step)?]))
            }
            Expr::Call(call) => self.call_expression(call, scope)?,
            Expr::BinOp(b) => {
                let (left, right) = (self.expression(&b.left, scope)?, self.expression(&b.right, scope)?);
                operators::binary(self, b.op, &left, &right)?
            }
            Expr::UnaryOp(u) => operators::unary(self, u.op, &self.expression(&u.operand, scope)?)?,
            Expr::BoolOp(b) => {
                let mut value = Value::None;
                for operand in &b.values {
                    value = self.expression(operand, scope)?;
                    if value.truth()? == (b.op == BoolOp::Or) {
                        break;
                    }
                }
                value
            }
            Expr::Compare(c) => self.comparison(c, scope)?,
            Expr::If(i) => {
                let taken = if self.expression(&i.test, scope)?.truth()? { &i.body } else { &i.orelse };
                self.expression(taken, scope)?
            }
            Expr::Lambda(l) => {
                let parameters = l.parameters.as_ref().map(|p| (**p).clone());
                let defaults = parameters.as_ref().map_or(Ok(Vec::new()), |p| self.defaults(p, scope))?;
                Value::Object(Rc::new(Function {
                    name: "<lambda>".into(),
                    parameters,
                    defaults,
                    body: Body::Expression((*l.body).clone()),
                    scope: scope.seen_by_functions(),
                    is_static: false,
                }))
            }
            Expr::ListComp(c) => {
                Value::list(self.comprehension(&c.generators, scope, &|s| self.expression(&c.elt, s))?)
            }
            Expr::Generator(c) => {
                Value::list(self.comprehension(&c.generators, scope, &|s| self.expression(&c.elt, s))?)
            }
            Expr::SetComp(_) | Expr::Set(_) => return Err(Error::unknown("a set")),
            Expr::DictComp(c) => {
                let key = c.key.as_ref().ok_or_else(|| Error::unknown("this dict comprehension"))?;
                let pairs = self.comprehension(&c.generators, scope, &|s| {
                    Ok((self.expression(key, s)?, self.expression(&c.value, s)?))
                })?;
                dict(pairs)
            }
            Expr::Named(n) => {
                let value = self.expression(&n.value, scope)?;
                self.assign(&n.target, value.clone(), scope)?;
                value
            }
            Expr::Starred(_) => return Err(Error::unknown("* here")),
            Expr::FString(_) | Expr::TString(_) => return Err(Error::unknown("an f-string")),
            Expr::BytesLiteral(_) => return Err(Error::unknown("a bytes literal")),
            Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => return Err(Error::unknown("await and yield")),
            Expr::IpyEscapeCommand(_) => return Err(Error::unknown("this expression")),
        })
    }

    /// Evaluates expressions in order, unpacking `*`.
    fn all(&self, expressions: &[Expr], scope: &Rc<Scope>) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(expressions.len());
        for expression in expressions {
            match expression {
                Expr::Starred(s) => values.extend(self.expression(&s.value, scope)?.items()?),
                _ => values.push(self.expression(expression, scope)?),
            }
        }
        Ok(values)
    }

    fn call_expression(&self, call: &ExprCall, scope: &Rc<Scope>) -> Result<Value> {
        let function = self.expression(&call.func, scope)?;
        let mut args = Args::of(self.all(&call.arguments.args, scope)?);
        for keyword in &call.arguments.keywords {
            let value = self.expression(&keyword.value, scope)?;
            match (&keyword.arg, value) {
                (Some(name), value) => args.named.push((name.to_string(), value)),
                (None, Value::Dict(dict)) => {
                    for (key, value) in dict.borrow().iter() {
                        let Value::Str(key) = key else { return Err(Error::new("keywords must be strings")) };
                        args.named.push((key.to_string(), value.clone()));
                    }
                }
                (None, _) => return Err(Error::new("argument after ** must be a dict")),
            }
        }
        if let Value::Builtin(name) = &function
            && &**name == "super"
        {
            return self.super_object(scope, &args);
        }
        self.call(&function, args)
    }

    fn comparison(&self, c: &ExprCompare, scope: &Rc<Scope>) -> Result<Value> {
        let mut left = self.expression(&c.left, scope)?;
        let mut result = Value::Bool(true);
        for (op, right) in c.ops.iter().zip(&c.comparators) {
            let right = self.expression(right, scope)?;
            result = match op {
                CmpOp::Is => Value::Bool(left.is(&right)),
                CmpOp::IsNot => Value::Bool(!left.is(&right)),
                CmpOp::In => Value::Bool(contains(&right, &left)?),
                CmpOp::NotIn => Value::Bool(!contains(&right, &left)?),
                _ => operators::compare(self, *op, &left, &right)?,
            };
            if c.ops.len() > 1 && !result.truth()? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(result)
    }

    fn comprehension<T>(
        &self,
        generators: &[Comprehension],
        scope: &Rc<Scope>,
        element: &dyn Fn(&Rc<Scope>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Some((first, rest)) = generators.split_first() else { return Ok(vec![element(scope)?]) };
        let mut found = Vec::new();
        'items: for item in self.expression(&first.iter, scope)?.items()? {
            let inner = Scope::inside(scope);
            self.assign(&first.target, item, &inner)?;
            for test in &first.ifs {
                if !self.expression(test, &inner)?.truth()? {
                    continue 'items;
                }
            }
            found.extend(self.comprehension(rest, &inner, element)?);
        }
        Ok(found)
    }

    /// Evaluates the defaults of parameters, at the definition of the function.
    pub(super) fn defaults(&self, parameters: &Parameters, scope: &Rc<Scope>) -> Result<Vec<(String, Value)>> {
        let mut defaults = Vec::new();
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                defaults.push((parameter.parameter.name.to_string(), self.expression(default, scope)?));
            }
        }
        Ok(defaults)
    }
}

fn contains(container: &Value, value: &Value) -> Result<bool> {
    if let (Value::Str(container), Value::Str(part)) = (container, value) {
        return Ok(container.contains(&**part));
    }
    Ok(container.items()?.iter().any(|item| item.equals(value)))
}
