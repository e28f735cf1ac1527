# Leadership climate (multilevel::lq2002) and the school children of lavaan, whole as they are.
source("ref_common.R")
suppressPackageStartupMessages(library(multilevel))
data(lq2002)
lq <- lq2002[, 3:21]; lq$half <- ifelse(lq2002$COMPID %% 2 == 0, "even", "odd")
hs <- HolzingerSwineford1939[, c(paste0("x", 1:9), "school", "sex")]; hs$school <- as.character(hs$school)
for (n in c("leadership", "holzinger_swineford"))
  write.csv(if (n == "leadership") lq else hs, file.path(DIR, "data", paste0(n, ".csv")), row.names = FALSE, na = "")
S <- function(o) if (is.list(o)) lapply(o, S) else if (is.numeric(o)) signif(o, 10) else o
lead <- sprintf("LEAD%02d", 1:11); items <- c(lead, sprintf("TSIG%02d", 1:3), sprintf("HOSTIL%02d", 1:5))
L <- paste0("lead =~ ", paste(lead, collapse = "+"), "\ntsig =~ TSIG01+TSIG02+TSIG03\nhost =~ ", paste(items[15:19], collapse = "+"))
H <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
E <- "visual =~ x1+a*x2+a*x3\ntextual =~ x4+x5+x6\nspeed =~ x7+b*x8+b*x9\nx4 ~~ e*x4\nx5 ~~ e*x5"
d <- list(leadership = lq, holzinger_swineford = hs)
out <- list(meta = meta(), models = list())
one <- function(name, model, data, estimator, group = NULL, equal = character(0)) {
  asked <- list(model, d[[data]])
  if (estimator == "WLSMV") asked$ordered <- TRUE else asked$estimator <- estimator
  if (!is.null(group)) asked$group <- group
  if (length(equal)) asked$group.equal <- equal
  f <- suppressWarnings(do.call("cfa", asked))
  s <- standardizedSolution(f); s <- s[s$op == "=~", ]
  out$models[[name]] <<- list(model = model, data = data, estimator = estimator, group = if (is.null(group)) "" else group, equal = as.list(equal), fit = fitlist(f),
    std = lapply(seq_len(nrow(s)), function(i) list(group = if (is.null(group)) "" else lavInspect(f, "group.label")[s$group[i]], lhs = s$lhs[i], rhs = s$rhs[i], est = s$est.std[i], se = s$se[i])))
}
one("school_ml", H, "holzinger_swineford", "ML")
one("school_mlr", H, "holzinger_swineford", "MLR")
one("school_second_order", paste0(H, "\ngeneral =~ visual + textual + speed"), "holzinger_swineford", "ML")
one("school_residuals", paste0(H, "\nx7 ~~ x8\nx1 ~~ x9"), "holzinger_swineford", "MLR")
one("school_equal", E, "holzinger_swineford", "ML")
one("school_groups", H, "holzinger_swineford", "ML", "school", c("loadings", "intercepts"))
one("leadership_ml", L, "leadership", "ML")
one("leadership_mlr", L, "leadership", "MLR")
one("leadership_wlsmv", L, "leadership", "WLSMV")
one("leadership_wlsmv_groups", L, "leadership", "WLSMV", "half")
x <- lq[, items]
out$efa <- list(items = items)
for (r in c("oblimin", "promax", "varimax")) for (fm in c("minres", "ml")) for (k in 3:4)
  out$efa$solutions[[paste(fm, r, k, sep = "_")]] <- efa1(cor(x), nrow(x), k, r, fm)
a <- suppressWarnings(psych::alpha(lq[, lead], warnings = FALSE))
out$alpha <- list(items = lead, raw = a$total$raw_alpha, standardised = a$total$std.alpha, item_rest = a$item.stats$r.drop)
out$kmo <- KMO(cor(x))$MSA
out$polychoric <- mat(lavCor(x, ordered = items))
save_ref(out, "other_data")
