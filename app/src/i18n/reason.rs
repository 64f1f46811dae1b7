//! Why a job stands where it stands.

use model::Reason;
use model::reason::Predecessor;

use super::Lang;

fn list_zh(predecessors: &[Predecessor]) -> String {
    let one = |p: &Predecessor| {
        let allowed = if p.allowed { "，允许失败" } else { "" };
        format!("{}（{}{allowed}）", p.name, Lang::Zh.status(p.status))
    };
    let named: Vec<String> = predecessors.iter().take(5).map(one).collect();
    let more = predecessors.len().saturating_sub(5);
    let rest = if more > 0 { format!("等另外 {more} 个") } else { String::new() };
    named.join("、") + &rest
}

pub(super) fn zh(reason: &Reason) -> String {
    match reason {
        Reason::WaitsForStage { stage } => format!("等待阶段 {stage} 完成"),
        Reason::WaitsForNeeds { needs } => format!("等待所依赖的作业：{}", list_zh(needs)),
        Reason::PredecessorAgain { job } => format!("因 {job} 重新运行而再次等待"),
        Reason::WaitsForRunner => "等待空闲的执行器".into(),
        Reason::WaitsForTags { tags } => format!("等待带有标签 {} 的空闲执行器", tags.join("、")),
        Reason::StartsChild => "正在启动子流水线".into(),
        Reason::RunsChild { run } => format!("子流水线（运行 {run}）尚未结束"),
        Reason::ChildEnded { run, status } => {
            format!("子流水线（运行 {run}）已结束：{}", Lang::Zh.status(*status))
        }
        Reason::ChildMade { run } => format!("已创建子流水线（运行 {run}）"),
        Reason::ChildAgain { run } => format!("子流水线（运行 {run}）重新运行"),
        Reason::Requeued { cause } => format!("再次等待执行器：{cause}"),
        Reason::WaitsForPerson { blocking: true } => "等待有人启动；后续阶段随之等待".into(),
        Reason::WaitsForPerson { blocking: false } => "可由人启动；没有作业等待它".into(),
        Reason::WaitsForTime { at: Some(at) } => format!("将于 {at} 启动"),
        Reason::WaitsForTime { at: None } => "稍后自动启动".into(),
        Reason::WaitsForResource { group, holder: Some(holder), coming: true, .. } => {
            format!("等待 {holder} 先使用资源组 {group}")
        }
        Reason::WaitsForResource { group, holder: Some(holder), .. } => format!("等待 {holder} 释放资源组 {group}"),
        Reason::WaitsForResource { group, holder: None, .. } => format!("等待资源组 {group}"),
        Reason::OutdatedBy { newer } => format!("因更新的 {newer} 而取消"),
        Reason::CanceledAfterFailure { job } => format!("因 {job} 失败而取消"),
        Reason::TakenBy { runner } => format!("正在 {runner} 上运行"),
        Reason::PlayedBy { user } => format!("由 {user} 启动，等待空闲的执行器"),
        Reason::RetriedBy { user } => format!("由 {user} 重试，等待空闲的执行器"),
        Reason::RetriedByRule { attempt, of, failure } => {
            format!("第 {attempt} 次尝试（共 {of} 次）：因 {failure} 按 retry 规则再次运行")
        }
        Reason::SkippedAfter { when, because } if because.is_empty() => {
            format!("已跳过：`when: {when}` 与之前的结果不符")
        }
        Reason::SkippedAfter { when, because } => format!("已跳过：`when: {when}` 与 {} 不符", list_zh(because)),
        Reason::Succeeded => "以退出码 0 结束".into(),
        Reason::Failed { failure, exit_code, signal, detail } => {
            let how = match (exit_code, signal) {
                (_, Some(signal)) => format!("被信号 {signal} 终止"),
                (Some(code), None) => format!("以退出码 {code} 结束"),
                (None, None) => "失败".into(),
            };
            let more = detail.as_ref().map(|d| format!("：{d}")).unwrap_or_default();
            format!("{how}（{failure}）{more}")
        }
        Reason::RefusedBy { user, comment: None } => format!("被 {user} 驳回"),
        Reason::RefusedBy { user, comment: Some(comment) } => format!("被 {user} 驳回：{comment}"),
        Reason::CanceledBy { user } => format!("由 {user} 取消"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_whole() {
        let failed = Reason::Failed {
            failure: model::FailureReason::ScriptFailure,
            exit_code: Some(2),
            signal: None,
            detail: Some("x".into()),
        };
        assert_eq!(zh(&failed), "以退出码 2 结束（script_failure）：x");
    }
}
