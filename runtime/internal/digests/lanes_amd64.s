//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// The letters a to h, w and the steps are those of FIPS 180-4. Each is a register with one word of each of the 16 lanes.
// Z0 to Z7 are the state, Z16 to Z31 the last 16 words of the message schedule, and Z8 to Z13 are for intermediate results.

// ROUND is a round with word w and constant k of the sixteen at CX. The next one has the same registers, turned by one.
#define ROUND(a, b, c, d, e, f, g, h, w, k) \
	VPADDD.BCST (4*k)(CX), w, Z8 \
	VPRORD $6, e, Z9 \
	VPRORD $11, e, Z10 \
	VPRORD $25, e, Z11 \
	VMOVDQA64 e, Z12 \
	VPADDD Z8, h, h \
	VPTERNLOGD $0x96, Z9, Z10, Z11 \
	VPTERNLOGD $0xCA, g, f, Z12 \
	VPADDD Z11, h, h \
	VPADDD Z12, h, h \
	VPRORD $2, a, Z9 \
	VPRORD $13, a, Z10 \
	VPRORD $22, a, Z11 \
	VMOVDQA64 a, Z12 \
	VPADDD h, d, d \
	VPTERNLOGD $0x96, Z9, Z10, Z11 \
	VPTERNLOGD $0xE8, b, c, Z12 \
	VPADDD Z11, h, h \
	VPADDD Z12, h, h

// EXTEND makes the word of the message schedule 16 after w0 in its place.
#define EXTEND(w0, w1, w9, w14) \
	VPRORD $7, w1, Z8 \
	VPRORD $18, w1, Z9 \
	VPSRLD $3, w1, Z10 \
	VPRORD $17, w14, Z11 \
	VPRORD $19, w14, Z12 \
	VPSRLD $10, w14, Z13 \
	VPTERNLOGD $0x96, Z8, Z9, Z10 \
	VPTERNLOGD $0x96, Z11, Z12, Z13 \
	VPADDD w9, w0, w0 \
	VPADDD Z10, w0, w0 \
	VPADDD Z13, w0, w0

// LOAD reads a chunk of lane i, 16 words, and fetches a later one into the caches.
#define LOAD(i, w) \
	MOVQ (step_chunks+8*i)(SI), R8 \
	MOVQ (const_ahead*step__size+step_chunks+8*i)(SI), R9 \
	VMOVDQU32 (R8), w \
	PREFETCHT0 (R9) \
	VPSHUFB Z14, w, w

// TRANSPOSE and GATHER make 16 registers with the words of one lane each into registers with one word of all lanes each:
// the former for each four words of four lanes, and the latter for these fours.
#define TRANSPOSE(r0, r1, r2, r3) \
	VPUNPCKLDQ r1, r0, Z8 \
	VPUNPCKHDQ r1, r0, Z9 \
	VPUNPCKLDQ r3, r2, Z10 \
	VPUNPCKHDQ r3, r2, Z11 \
	VPUNPCKLQDQ Z10, Z8, r0 \
	VPUNPCKHQDQ Z10, Z8, r1 \
	VPUNPCKLQDQ Z11, Z9, r2 \
	VPUNPCKHQDQ Z11, Z9, r3

#define GATHER(r0, r1, r2, r3) \
	VSHUFI32X4 $0x44, r1, r0, Z8 \
	VSHUFI32X4 $0xEE, r1, r0, Z9 \
	VSHUFI32X4 $0x44, r3, r2, Z10 \
	VSHUFI32X4 $0xEE, r3, r2, Z11 \
	VSHUFI32X4 $0x88, Z10, Z8, r0 \
	VSHUFI32X4 $0xDD, Z10, Z8, r1 \
	VSHUFI32X4 $0x88, Z11, Z9, r2 \
	VSHUFI32X4 $0xDD, Z11, Z9, r3

// bigEndian reverses the bytes of each word.
DATA bigEndian<>+0(SB)/8, $0x0405060700010203
DATA bigEndian<>+8(SB)/8, $0x0c0d0e0f08090a0b
GLOBL bigEndian<>(SB), RODATA|NOPTR, $16

// BEGIN sets a word of the state to its initial value in the lanes of K1.
#define BEGIN(i, w) \
	VPBROADCASTD ·initial+(4*i)(SB), K1, w

// SAVE writes a word of the state.
#define SAVE(i, w) \
	VMOVDQU32 w, (64*i)(DI)

// END adds a word of the state before the step, and writes it as that after the step.
#define END(i, w) \
	VPADDD (64*i)(DI), w, w \
	VMOVDQU32 w, (step_after+64*i)(SI)

// func sixteen(now *state, steps *plan, count int)
TEXT ·sixteen(SB), NOSPLIT, $0-24
	MOVQ now+0(FP), DI
	MOVQ steps+8(FP), SI
	MOVQ count+16(FP), DX
	VBROADCASTI32X4 bigEndian<>(SB), Z14
	VMOVDQU32 (64*0)(DI), Z0
	VMOVDQU32 (64*1)(DI), Z1
	VMOVDQU32 (64*2)(DI), Z2
	VMOVDQU32 (64*3)(DI), Z3
	VMOVDQU32 (64*4)(DI), Z4
	VMOVDQU32 (64*5)(DI), Z5
	VMOVDQU32 (64*6)(DI), Z6
	VMOVDQU32 (64*7)(DI), Z7

step:
	MOVQ step_fresh(SI), AX
	TESTQ AX, AX
	JZ save
	KMOVW AX, K1
	BEGIN(0, Z0)
	BEGIN(1, Z1)
	BEGIN(2, Z2)
	BEGIN(3, Z3)
	BEGIN(4, Z4)
	BEGIN(5, Z5)
	BEGIN(6, Z6)
	BEGIN(7, Z7)

save:
	SAVE(0, Z0)
	SAVE(1, Z1)
	SAVE(2, Z2)
	SAVE(3, Z3)
	SAVE(4, Z4)
	SAVE(5, Z5)
	SAVE(6, Z6)
	SAVE(7, Z7)

	LOAD(0, Z16)
	LOAD(1, Z17)
	LOAD(2, Z18)
	LOAD(3, Z19)
	LOAD(4, Z20)
	LOAD(5, Z21)
	LOAD(6, Z22)
	LOAD(7, Z23)
	LOAD(8, Z24)
	LOAD(9, Z25)
	LOAD(10, Z26)
	LOAD(11, Z27)
	LOAD(12, Z28)
	LOAD(13, Z29)
	LOAD(14, Z30)
	LOAD(15, Z31)
	TRANSPOSE(Z16, Z17, Z18, Z19)
	TRANSPOSE(Z20, Z21, Z22, Z23)
	TRANSPOSE(Z24, Z25, Z26, Z27)
	TRANSPOSE(Z28, Z29, Z30, Z31)
	GATHER(Z16, Z20, Z24, Z28)
	GATHER(Z17, Z21, Z25, Z29)
	GATHER(Z18, Z22, Z26, Z30)
	GATHER(Z19, Z23, Z27, Z31)

	LEAQ ·constants(SB), CX
	MOVQ $3, AX

rounds:
	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, 0)
	EXTEND(Z16, Z17, Z25, Z30)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z17, 1)
	EXTEND(Z17, Z18, Z26, Z31)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z18, 2)
	EXTEND(Z18, Z19, Z27, Z16)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z19, 3)
	EXTEND(Z19, Z20, Z28, Z17)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z20, 4)
	EXTEND(Z20, Z21, Z29, Z18)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z21, 5)
	EXTEND(Z21, Z22, Z30, Z19)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z22, 6)
	EXTEND(Z22, Z23, Z31, Z20)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z23, 7)
	EXTEND(Z23, Z24, Z16, Z21)
	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z24, 8)
	EXTEND(Z24, Z25, Z17, Z22)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z25, 9)
	EXTEND(Z25, Z26, Z18, Z23)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z26, 10)
	EXTEND(Z26, Z27, Z19, Z24)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z27, 11)
	EXTEND(Z27, Z28, Z20, Z25)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z28, 12)
	EXTEND(Z28, Z29, Z21, Z26)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z29, 13)
	EXTEND(Z29, Z30, Z22, Z27)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z30, 14)
	EXTEND(Z30, Z31, Z23, Z28)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z31, 15)
	EXTEND(Z31, Z16, Z24, Z29)
	ADDQ $64, CX
	DECQ AX
	JNZ  rounds

	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, 0)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z17, 1)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z18, 2)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z19, 3)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z20, 4)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z21, 5)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z22, 6)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z23, 7)
	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z24, 8)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z25, 9)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z26, 10)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z27, 11)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z28, 12)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z29, 13)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z30, 14)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z31, 15)

	END(0, Z0)
	END(1, Z1)
	END(2, Z2)
	END(3, Z3)
	END(4, Z4)
	END(5, Z5)
	END(6, Z6)
	END(7, Z7)
	ADDQ $step__size, SI
	DECQ DX
	JNZ  step
	SAVE(0, Z0)
	SAVE(1, Z1)
	SAVE(2, Z2)
	SAVE(3, Z3)
	SAVE(4, Z4)
	SAVE(5, Z5)
	SAVE(6, Z6)
	SAVE(7, Z7)
	VZEROUPPER
	RET
