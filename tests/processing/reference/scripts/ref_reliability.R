# Numbers for reliability, polychoric correlations and factors in small, coarse and other samples
# than bfi.json covers. Run in tests/processing/reference/scripts: Rscript ref_reliability.R
suppressPackageStartupMessages({library(psych); library(lavaan); library(GPArotation); library(jsonlite)})
d <- read.csv("../data/bfi.csv", na.strings = c("", "NA")); items <- names(d)[1:25]
phq <- read.csv("../data/phq9_gad7_t2.csv")
rounded <- function(o) if (is.list(o)) lapply(o, rounded) else if (is.numeric(o)) signif(o, 10) else o
matrix_of <- function(m) { m <- unclass(as.matrix(m)); list(rows = rownames(m), cols = colnames(m), values = unname(lapply(seq_len(nrow(m)), function(i) as.numeric(m[i, ])))) }
poly <- function(x) { f <- suppressWarnings(lavCor(x, ordered = names(x), output = "fit")); s <- lavInspect(f, "sampstat"); list(n = nrow(x), rho = matrix_of(s$cov), thresholds = as.list(s$th)) }
o <- list(meta = list(R = R.version.string, psych = as.character(packageVersion("psych")), lavaan = as.character(packageVersion("lavaan")), GPArotation = as.character(packageVersion("GPArotation"))))

# Omega with its standard error by lavaan's delta method.
omega_se <- function(x) {
  n <- names(x); l <- paste0("l", seq_along(n)); e <- paste0("e", seq_along(n))
  m <- paste0("f =~ ", paste0(l, "*", n, collapse = " + "), "\n", paste0(n, " ~~ ", e, "*", n, collapse = "\n"),
    "\nomega := (", paste(l, collapse = "+"), ")^2/((", paste(l, collapse = "+"), ")^2+", paste(e, collapse = "+"), ")")
  p <- parameterEstimates(cfa(m, x, std.lv = TRUE)); p <- p[p$lhs == "omega", ]; list(est = p$est, se = p$se, lower = p$ci.lower, upper = p$ci.upper) }
o$omega_delta <- list(neuroticism = omega_se(d[complete.cases(d[, paste0("N", 1:5)]), paste0("N", 1:5)]), gad7_t2 = omega_se(phq[, 10:16]))

# The first 150 complete rows: rare categories; the first 60 rows cut in two: tables with an empty cell.
whole <- d[complete.cases(d[, items]), items]; small <- whole[1:150, ]
o$polychoric_small <- poly(small[, paste0("C", 1:5)])
two <- as.data.frame(lapply(whole[1:60, paste0("O", 1:5)], function(v) as.integer(v > 2)))
o$polychoric_binary <- c(poly(two), list(tables_with_one_empty_cell = sum(apply(combn(5, 2), 2, function(p) sum(table(factor(two[[p[1]]], 0:1), factor(two[[p[2]]], 0:1)) == 0) == 1))))
mixed <- data.frame(small[, c("E1", "E2")], E3 = as.integer(small$E3 > 3), E4 = findInterval(small$E4, c(3, 5)))
o$polychoric_mixed <- poly(mixed)

# Other numbers of factors, other items.
efa1 <- function(x, k, rotate, fm) { f <- suppressWarnings(suppressMessages(fa(cor(x), k, n.obs = nrow(x), rotate = rotate, fm = fm, warnings = FALSE))); L <- unclass(f$loadings); top <- apply(abs(L), 2, which.max); s <- sign(L[cbind(top, seq_len(k))]); L <- sweep(L, 2, s, "*"); P <- if (is.null(f$Phi)) diag(k) else f$Phi * outer(s, s); u <- order(top)
  list(loadings = matrix_of(L[, u, drop = FALSE]), phi = matrix_of(P[u, u, drop = FALSE]), communality = as.list(f$communality), chi = f$STATISTIC, dof = f$dof, tli = f$TLI, rmsea = as.list(f$RMSEA)) }
for (r in c("oblimin", "promax", "varimax")) for (m in c("minres", "ml")) { o$efa$phq_gad_t2_3[[paste(m, r, sep = "_")]] <- efa1(phq, 3, r, m); o$efa$bfi_ne_2[[paste(m, r, sep = "_")]] <- efa1(whole[, c(paste0("N", 1:5), paste0("E", 1:5))], 2, r, m) }
for (m in c("minres", "ml")) { f <- fa(cor(whole[, paste0("N", 1:5)]), 1, n.obs = nrow(whole), rotate = "none", fm = m, warnings = FALSE); o$one_factor[[m]] <- list(loadings = as.list(setNames(as.numeric(f$loadings), paste0("N", 1:5))), chi = f$STATISTIC) }
om <- function(x, k) { f <- suppressWarnings(suppressMessages(omega(cor(x), nfactors = k, n.obs = nrow(x), plot = FALSE, flip = TRUE))); list(omega_h = f$omega_h, omega_total = f$omega.tot, ecv = f$ECV) }
o$omega_hierarchical <- list(phq_gad_t2_3 = om(phq, 3), phq_gad_t2_2 = om(phq, 2))

# Split halves of covariances.
sh <- function(x) { s <- suppressWarnings(splitHalf(x, covar = TRUE, raw = FALSE)); list(max = s$maxrb, min = s$minrb, mean = s$meanr, alpha = s$alpha) }
o$split_half <- list(gad7_t2 = sh(phq[, 10:16]), phq_8 = sh(phq[, 1:8]))
writeLines(toJSON(rounded(o), auto_unbox = TRUE, digits = NA, pretty = TRUE, null = "null", na = "null"), "../numbers/reliability.json")
