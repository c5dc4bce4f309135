;; Finds where a chunk ends: the gear hash of chunker.ts, over bytes that lie in the memory it is given.
;;
;; Four stretches of 1 KiB are hashed side by side, one in each lane: the hash depends on the last 32 bytes alone, so that
;; a stretch needs only those before it. Eight steps go by before anybody looks: of the hashes of a lane the least is kept,
;; for a hash has zeros under the mask, which are its top bits, when it is no more than what is not under the mask. Where one
;; is, the stretches are gone through once more, in the order of the bytes, as if one hash had run over all. The table is at
;; address 0: 256 words.
;;
;; What stands between "unroll" and "end" is written out as often as it says, with n from 0 on: make-gear-wasm.mjs does that.
(module
  (import "chunking" "memory" (memory 1 65536 shared))

  ;; The hash after the 32 bytes before an address.
  (func $hashBefore (param $at i32) (result i32)
    (local $from i32) (local $hash i32)
    (local.set $from (i32.sub (local.get $at) (i32.const 32)))
    (loop $next
      (local.set $hash
        (i32.add
          (i32.shl (local.get $hash) (i32.const 1))
          (i32.load (i32.shl (i32.load8_u (local.get $from)) (i32.const 2)))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $at))))
    (local.get $hash))

  ;; The first address after a byte at `at` to `end` - 1 where the hash has all zeros under the mask; 0 when there is none.
  ;; `hash` is the hash before `at`.
  (func $scan (param $at i32) (param $end i32) (param $hash i32) (param $mask i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $hash
          (i32.add
            (i32.shl (local.get $hash) (i32.const 1))
            (i32.load (i32.shl (i32.load8_u (local.get $at)) (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.and (local.get $hash) (local.get $mask)))
        (return (local.get $at))))
    (i32.const 0))

  ;; As $scan, from any address that has 32 bytes before it.
  (func (export "firstCut") (param $at i32) (param $end i32) (param $mask i32) (result i32)
    (local $hash v128) (local $least v128) (local $limits v128)
    (local $place i32) (local $step i32) (local $found i32)
    (local.set $limits (i32x4.splat (i32.xor (local.get $mask) (i32.const -1))))
    (block $tail
      (loop $block
        (br_if $tail
          (i32.gt_u (i32.add (local.get $at) (i32.const 4096)) (local.get $end)))
        ;; The 32 bytes before each stretch come first. What they find is no cut.
        (local.set $hash (v128.const i32x4 0 0 0 0))
        (local.set $place (i32.sub (local.get $at) (i32.const 32)))
        (local.set $step (i32.add (local.get $at) (i32.const 1024)))
        (block $hit
          (loop $next
            (local.set $least (v128.const i32x4 -1 -1 -1 -1))
            ;; unroll 8
            (local.set $hash
              (i32x4.add
                (i32x4.shl (local.get $hash) (i32.const 1))
                (v128.load32_lane 3
                  (i32.shl (i32.load8_u offset={3072 + n} (local.get $place)) (i32.const 2))
                  (v128.load32_lane 2
                    (i32.shl (i32.load8_u offset={2048 + n} (local.get $place)) (i32.const 2))
                    (v128.load32_lane 1
                      (i32.shl (i32.load8_u offset={1024 + n} (local.get $place)) (i32.const 2))
                      (v128.load32_zero (i32.shl (i32.load8_u offset={0 + n} (local.get $place)) (i32.const 2))))))))
            (local.set $least (i32x4.min_u (local.get $least) (local.get $hash)))
            ;; end
            (br_if $hit
              (i32.and
                (v128.any_true (i32x4.le_u (local.get $least) (local.get $limits)))
                (i32.ge_u (local.get $place) (local.get $at))))
            (local.set $place (i32.add (local.get $place) (i32.const 8)))
            (br_if $next (i32.lt_u (local.get $place) (local.get $step))))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br $block))
        ;; One of them has a cut. What the first finds comes first.
        (loop $stretch
          (local.set $found
            (call $scan (local.get $at) (local.get $step) (call $hashBefore (local.get $at)) (local.get $mask)))
          (if (local.get $found) (then (return (local.get $found))))
          (local.set $at (local.get $step))
          (local.set $step (i32.add (local.get $step) (i32.const 1024)))
          (br $stretch))))
    (call $scan (local.get $at) (local.get $end) (call $hashBefore (local.get $at)) (local.get $mask)))
)
