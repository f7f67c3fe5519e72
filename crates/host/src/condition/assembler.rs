//! Instructions, jumps and the height of the operand stack of one method.
//!
//! There are no frames: a class file of version 49 is verified by inference, and so the jumps below
//! need only agree on the height of the stack.

use super::pool::{Full, Pool};

/// The opcodes that conditions are made of (JVMS 6.5).
pub(super) mod opcode {
    pub(crate) const ICONST_M1: u8 = 2;
    pub(crate) const LCONST_0: u8 = 9;
    pub(crate) const LCONST_1: u8 = 10;
    pub(crate) const DCONST_0: u8 = 14;
    pub(crate) const LDC: u8 = 18;
    pub(crate) const LDC_W: u8 = 19;
    pub(crate) const LDC2_W: u8 = 20;
    pub(crate) const ILOAD: u8 = 21;
    pub(crate) const LLOAD: u8 = 22;
    pub(crate) const ALOAD: u8 = 25;
    pub(crate) const ISTORE: u8 = 54;
    pub(crate) const LSTORE: u8 = 55;
    pub(crate) const POP2: u8 = 88;
    pub(crate) const DUP2: u8 = 92;
    pub(crate) const LADD: u8 = 97;
    pub(crate) const LSUB: u8 = 101;
    pub(crate) const LMUL: u8 = 105;
    pub(crate) const LDIV: u8 = 109;
    pub(crate) const LREM: u8 = 113;
    pub(crate) const LNEG: u8 = 117;
    pub(crate) const DNEG: u8 = 119;
    pub(crate) const LSHL: u8 = 121;
    pub(crate) const LSHR: u8 = 123;
    pub(crate) const LUSHR: u8 = 125;
    pub(crate) const IAND: u8 = 126;
    pub(crate) const LAND: u8 = 127;
    pub(crate) const LOR: u8 = 129;
    pub(crate) const IXOR: u8 = 130;
    pub(crate) const LXOR: u8 = 131;
    pub(crate) const I2L: u8 = 133;
    pub(crate) const L2I: u8 = 136;
    pub(crate) const L2F: u8 = 137;
    pub(crate) const L2D: u8 = 138;
    pub(crate) const F2D: u8 = 141;
    pub(crate) const D2I: u8 = 142;
    pub(crate) const D2L: u8 = 143;
    pub(crate) const D2F: u8 = 144;
    pub(crate) const I2B: u8 = 145;
    pub(crate) const I2S: u8 = 147;
    pub(crate) const LCMP: u8 = 148;
    pub(crate) const DCMPG: u8 = 152;
    pub(crate) const IFEQ: u8 = 153;
    pub(crate) const IFNE: u8 = 154;
    pub(crate) const IFLT: u8 = 155;
    pub(crate) const IFGE: u8 = 156;
    pub(crate) const IFGT: u8 = 157;
    pub(crate) const IFLE: u8 = 158;
    pub(crate) const IF_ACMPEQ: u8 = 165;
    pub(crate) const IF_ACMPNE: u8 = 166;
    pub(crate) const GOTO: u8 = 167;
    pub(crate) const IRETURN: u8 = 172;
    pub(crate) const RETURN: u8 = 177;
    pub(crate) const GETFIELD: u8 = 180;
    pub(crate) const INVOKEVIRTUAL: u8 = 182;
    pub(crate) const INVOKESPECIAL: u8 = 183;
    pub(crate) const INVOKESTATIC: u8 = 184;
    pub(crate) const CHECKCAST: u8 = 192;
    pub(crate) const INSTANCEOF: u8 = 193;
    pub(crate) const WIDE: u8 = 196;
    pub(crate) const IFNULL: u8 = 198;
    pub(crate) const IFNONNULL: u8 = 199;
}

/// A place that jumps go to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label(usize);

#[derive(Debug, Default)]
struct Place {
    at: Option<usize>,
    height: Option<i32>,
    jumps: Vec<usize>,
}

/// One method's code.
#[derive(Debug)]
pub(super) struct Assembler<'a> {
    pub(super) pool: &'a mut Pool,
    code: Vec<u8>,
    height: i32,
    highest: i32,
    places: Vec<Place>,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(pool: &'a mut Pool) -> Self {
        Assembler { pool, code: Vec::new(), height: 0, highest: 0, places: Vec::new() }
    }

    fn grow(&mut self, slots: i32) {
        self.height += slots;
        self.highest = self.highest.max(self.height);
    }

    /// How many slots the operand stack has here.
    pub(super) fn height(&self) -> i32 {
        self.height
    }

    /// Says how high the stack is where code is reached by jumps only.
    pub(super) fn set_height(&mut self, height: i32) {
        self.height = height;
    }

    /// An instruction without operands that changes the stack's height by `slots`.
    pub(super) fn op(&mut self, opcode: u8, slots: i32) {
        self.code.push(opcode);
        self.grow(slots);
    }

    /// An instruction on an entry of the pool.
    pub(super) fn op_pool(&mut self, opcode: u8, index: u16, slots: i32) {
        self.code.push(opcode);
        self.code.extend(index.to_be_bytes());
        self.grow(slots);
    }

    /// A load or store of a local variable.
    pub(super) fn op_local(&mut self, opcode: u8, local: u16, slots: i32) {
        match u8::try_from(local) {
            Ok(local) => self.code.extend([opcode, local]),
            Err(_) => {
                self.code.extend([opcode::WIDE, opcode]);
                self.code.extend(local.to_be_bytes());
            }
        }
        self.grow(slots);
    }

    /// `ldc` of a string.
    pub(super) fn push_string(&mut self, text: &str) -> Result<(), Full> {
        let index = self.pool.string(text)?;
        match u8::try_from(index) {
            Ok(index) => self.code.extend([opcode::LDC, index]),
            Err(_) => {
                self.code.push(opcode::LDC_W);
                self.code.extend(index.to_be_bytes());
            }
        }
        self.grow(1);
        Ok(())
    }

    /// Calls a method; `slots` is what its result has more than its arguments and receiver.
    pub(super) fn call(
        &mut self,
        opcode: u8,
        owner: &str,
        name: &str,
        descriptor: &str,
        slots: i32,
    ) -> Result<(), Full> {
        let method = self.pool.method(owner, name, descriptor)?;
        self.op_pool(opcode, method, slots);
        Ok(())
    }

    pub(super) fn label(&mut self) -> Label {
        self.places.push(Place::default());
        Label(self.places.len() - 1)
    }

    /// A jump that takes `-slots` from the stack.
    pub(super) fn jump(&mut self, opcode: u8, slots: i32, label: Label) {
        self.grow(slots);
        let (at, height) = (self.code.len(), self.height);
        if let Some(place) = self.places.get_mut(label.0) {
            place.jumps.push(at);
            place.height = Some(height);
        }
        self.code.extend([opcode, 0, 0]);
    }

    /// Puts a label here.
    pub(super) fn bind(&mut self, label: Label) {
        let at = self.code.len();
        if let Some(place) = self.places.get_mut(label.0) {
            place.at = Some(at);
            self.height = place.height.unwrap_or(self.height);
        }
    }

    /// The code and the highest stack; all jumps are forward.
    pub(super) fn finish(mut self) -> Result<(Vec<u8>, u16), Full> {
        for place in &self.places {
            for jump in &place.jumps {
                let target = place.at.unwrap_or(self.code.len());
                let offset = i16::try_from(target.saturating_sub(*jump)).map_err(|_| Full)?;
                if let Some(operand) = self.code.get_mut(jump + 1..jump + 3) {
                    operand.copy_from_slice(&offset.to_be_bytes());
                }
            }
        }
        Ok((self.code, u16::try_from(self.highest).map_err(|_| Full)?))
    }
}
