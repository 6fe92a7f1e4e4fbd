#include "textflag.h"

// func rawInt80(nr uint64, args *[6]uint64) uint64
// The kernel keeps all registers of a 32-bit call but AX and R8 to R11.
TEXT ·rawInt80(SB), NOSPLIT, $8-24
	MOVQ	BP, saved-8(SP)
	MOVQ	args+8(FP), R12
	MOVQ	nr+0(FP), AX
	MOVQ	0(R12), BX
	MOVQ	8(R12), CX
	MOVQ	16(R12), DX
	MOVQ	24(R12), SI
	MOVQ	32(R12), DI
	MOVQ	40(R12), BP
	INT	$0x80
	MOVQ	saved-8(SP), BP
	MOVQ	AX, ret+16(FP)
	RET
